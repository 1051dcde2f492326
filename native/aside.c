/* A disk may hang, a network's file system above all: so files are written in a forked child, which
 * has the text in its memory already. One at a time, in order, for all that was asked for in a
 * turn; a few wait. No fsync: it is for who looks after our end, and a disk may take longer for it
 * than all the rest of a shutdown. */
#define _GNU_SOURCE
#include "aside.h"
#include "file.h"
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAITING_MAX = 4, TEXT_BYTES_MAX = 4 * 1024 * 1024, PATH_BYTES_MAX = 4096, PATHS_MAX = 8 };

struct job {
  bool appends;
  size_t bytes, max_bytes;
  const char *text;
  char *const *paths;
};

/* A copy of a job, in one piece: the paths, then their text and its own. */
struct waiting {
  struct job job;
  char *paths[PATHS_MAX + 1];
  char text[];
};

static pid_t child;
static bool child_appends;
static struct waiting *queue[WAITING_MAX];
static size_t queued;

static int write_one(const struct job *job, char *path) {
  int error = make_folder(path, 2);
  if (error) return error;
  return job->appends ? file_append(path, job->text, job->bytes, job->max_bytes)
                      : file_write(path, job->text, job->bytes, false);
}

/* The first path that can be written. What becomes of an append is told by the child's code. */
static int write_first(const struct job *job) {
  int error = ENOENT;
  char path[PATH_BYTES_MAX];
  for (char *const *paths = job->paths; error && *paths; paths++) {
    bool fits = snprintf(path, sizeof path, "%s", *paths) < (int)sizeof path;
    error = fits ? write_one(job, path) : ENAMETOOLONG;
  }
  if (!error || job->appends) return error;
  char line[PATH_BYTES_MAX + 64];
  int n = snprintf(line, sizeof line, "pitcrew: cannot write %s: %s\n", path, errno_name(error));
  write_all(2, line, (size_t)n);
  return error;
}

/* A child that hangs must not keep open what we close meanwhile: connections, pipes, a lock. */
static void close_all_but_stderr(void) {
  close(0);
  close(1);
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
  for (int fd = 3; fd < 1024; fd++) close(fd);
}

/* How many of those that wait one child does: it can tell what became of one append. */
static size_t batch(void) {
  size_t count = 0, appends = 0;
  while (count < queued && (appends += queue[count]->job.appends) <= 1) count++;
  return count;
}

static _Noreturn void write_all_of(size_t count, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(EIO);
  close_all_but_stderr();
  int append_error = 0;
  for (size_t i = 0; i < count; i++) {
    int error = write_first(&queue[i]->job);
    if (queue[i]->job.appends) append_error = error;
  }
  _exit(append_error);
}

static struct waiting *copy_of(const struct job *job) {
  size_t count = 0, room = job->bytes;
  for (; job->paths[count]; count++) room += strlen(job->paths[count]) + 1;
  struct waiting *copy = count <= PATHS_MAX ? malloc(sizeof *copy + room) : NULL;
  if (!copy) return NULL;
  copy->job = *job;
  char *end = copy->text;
  for (size_t i = 0; i < count; i++) {
    copy->paths[i] = end;
    end = stpcpy(end, job->paths[i]) + 1;
  }
  copy->paths[count] = NULL;
  copy->job.paths = copy->paths;
  copy->job.text = memcpy(end, job->text, job->bytes);
  return copy;
}

static int take(const struct job *job) {
  if (job->bytes > TEXT_BYTES_MAX) return EFBIG;
  if (queued == WAITING_MAX) return EBUSY;
  struct waiting *copy = copy_of(job);
  if (!copy) return ENOMEM;
  queue[queued++] = copy;
  return 0;
}

int aside_write(char *const *paths, const char *text, size_t bytes) {
  return take(&(struct job){false, bytes, 0, text, paths});
}

int aside_append(char *const *paths, const char *text, size_t bytes, size_t max_bytes) {
  return take(&(struct job){true, bytes, max_bytes, text, paths});
}

bool aside_is(pid_t pid) { return pid == child; }

bool aside_busy(void) { return child > 0 || queued > 0; }

static void tell(bool appends, int error) {
  if (appends && !loop_is_finishing()) event_appended(error);
}

/* Where nothing can be forked, it is as if the child had failed. The policy is told last: it may
 * ask for the next one in the same call. */
void aside_turn(void) {
  if (child > 0 || queued == 0) return;
  size_t count = batch();
  pid_t parent = getpid();
  child = fork();
  if (child == 0) write_all_of(count, parent);
  int error = child < 0 ? errno : 0;
  bool appends = false;
  for (size_t i = 0; i < count; i++) {
    appends |= queue[i]->job.appends;
    free(queue[i]);
  }
  queued -= count;
  memmove(queue, queue + count, queued * sizeof *queue);
  child_appends = appends;
  if (!error) return;
  child = 0;
  tell(appends, error);
}

bool aside_reaped(pid_t pid, int wait_status) {
  if (pid != child || pid <= 0) return false;
  child = 0;
  tell(child_appends, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EIO);
  return true;
}
