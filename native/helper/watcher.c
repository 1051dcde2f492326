/* One child watches all files, because a disk may hang. What it finds comes as records of one size
 * through a pipe, a few in a turn: while they are not read, it waits. A child that is replaced is
 * killed; while its disk hangs, it is only remembered. */
#define _GNU_SOURCE
#include "helper/watcher.h"
#include "base/arena.h"
#include "engine/events.h"
#include "files/watch.h"
#include "helper/helper_program.h"
#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS_A_TURN = 16, CHILDREN_MAX = 8, NO_PROGRAM = 127 };

static struct watch watch = {WATCH_FILES};
static struct arena arena; /* the paths */
static char **watched;
static size_t watched_count;
static unsigned sets; /* counts the sets of files */
static int output_fd = -1; /* -1 = no files are watched */
static pid_t children[CHILDREN_MAX]; /* the first watches, unless output_fd is -1 */
size_t watcher_children;

static void forget(void) {
  if (output_fd < 0) return;
  loop_unwatch(output_fd);
  close(output_fd);
  output_fd = -1;
  arena_free(&arena);
  arena = (struct arena){0};
  watched_count = 0;
}

static void stop(void) {
  bool is_alive = output_fd >= 0 && watcher_children > 0;
  forget();
  if (is_alive) kill(children[0], SIGKILL);
}

static char *copy_of(const char *text) {
  char *copy = arena_take(&arena, strlen(text) + 1);
  return copy ? strcpy(copy, text) : NULL;
}

/* The arguments of the child; the paths are the last ones. */
static char **arguments(char *const *paths, size_t count) {
  char **argv = arena_take(&arena, (count + 3) * sizeof *argv);
  if (!argv) return NULL;
  argv[0] = "pitcrew";
  argv[1] = "@watch";
  for (size_t i = 0; i < count; i++)
    if (!(argv[i + 2] = copy_of(paths[i]))) return NULL;
  argv[count + 2] = NULL;
  return argv;
}

static int launch(char **argv, int write_end) {
  const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  pid_t pid = spawn_self(argv, 0, write_end, unlimited, unlimited);
  if (pid < 0) return errno;
  memmove(children + 1, children, watcher_children * sizeof *children);
  children[0] = pid;
  watcher_children++;
  return 0;
}

static int start(char *const *paths, size_t count) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  output_fd = ends[0];
  char **argv = arguments(paths, count);
  int error = !argv ? ENOMEM : loop_watch(ends[0], EPOLLIN, &watch) ? 0 : errno;
  if (!error) error = launch(argv, ends[1]);
  close(ends[1]);
  if (error) {
    forget();
    return error;
  }
  watched = argv + 2;
  watched_count = count;
  sets++;
  return 0;
}

int watcher_start(char *const *paths, size_t count) {
  stop();
  if (count == 0) return 0;
  if (count > WATCHED_MAX) return E2BIG;
  return watcher_children < CHILDREN_MAX ? start(paths, count) : EAGAIN;
}

void watcher_read(const struct watch *ready) {
  struct watch_record records[RECORDS_A_TURN];
  (void)ready;
  if (output_fd < 0) return;
  if (loop_is_finishing()) return stop();
  ssize_t bytes = read(output_fd, records, sizeof records);
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (bytes <= 0) return loop_unwatch(output_fd); /* It has ended, and is reaped soon. */
  /* The policy may replace the set of files in a call: the rest is of another set then. */
  unsigned set = sets;
  for (size_t i = 0; i < (size_t)bytes / sizeof *records && set == sets; i++) {
    struct watch_record *record = &records[i];
    if (record->path >= watched_count) return;
    record->sha256[SHA256_DIGITS] = 0;
    event_file(watched[record->path], record->error ? NULL : record->sha256, record->bytes,
               record->error, record->changed_ms);
  }
}

static size_t place_of(pid_t pid) {
  size_t place = 0;
  while (place < watcher_children && children[place] != pid) place++;
  return place;
}

bool watcher_is(pid_t pid) { return place_of(pid) < watcher_children; }

static int error_of(int wait_status) {
  int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EIO;
  return code == 0 ? EIO : code == NO_PROGRAM ? ENOEXEC : code;
}

bool watcher_reaped(pid_t pid, int wait_status) {
  size_t place = place_of(pid);
  if (place == watcher_children) return false;
  bool was_watching = place == 0 && output_fd >= 0;
  watcher_children--;
  memmove(children + place, children + place + 1, (watcher_children - place) * sizeof *children);
  if (!was_watching) return true;
  forget();
  if (!loop_is_finishing()) event_watcher_ended(error_of(wait_status));
  return true;
}
