/* A helper is a fork of this process that does the work and exits, or this program executed again
 * in bounded memory. It has a session of its own, no descriptor of ours but stderr, and dies with
 * us. Its output arrives through a pipe and is bounded. */
#define _GNU_SOURCE
#include "helper/helper_child.h"
#include "helper/helper_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  ADDRESS_SPACE_BYTES = 512 * 1024 * 1024,
  CPU_SECONDS = 20,
  OUTPUT_BYTES_MIN = 16 * 1024,
  READS_A_TURN = 16,
};

/* A child that hangs must not keep open what we close meanwhile: connections, pipes, a lock. */
static void keep_output_only(int output_fd) {
  close(0);
  if (output_fd < 0)
    close(1);
  else
    dup2(output_fd, 1);
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
  for (int fd = 3; fd < 1024; fd++) close(fd);
}

static pid_t fork_copy(const struct helper_task *task, int output_fd) {
  pid_t parent = getpid(), pid = fork();
  if (pid != 0) return pid;
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(EIO);
  keep_output_only(output_fd);
  _exit(helper_work(task));
}

static pid_t execute(const struct helper_task *task, int output_fd) {
  char *argv[HELPER_WORDS_MAX + 2] = {"pitcrew"};
  for (size_t i = 0; task->words[i]; i++) argv[i + 1] = task->words[i];
  return spawn_self(argv, task->stdin_fd, output_fd,
                    (struct rlimit){ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES},
                    (struct rlimit){CPU_SECONDS, CPU_SECONDS});
}

static int launch(struct helper_child *child, const struct helper_task *task, int output_fd) {
  child->is_group = task->kind == HELPER_RUN;
  child->max_bytes = task->max_bytes;
  pid_t pid = child->is_group ? execute(task, output_fd) : fork_copy(task, output_fd);
  if (pid < 0) return errno;
  child->pid = pid;
  return 0;
}

int helper_child_start(struct helper_child *child, const struct helper_task *task) {
  if (task->kind != HELPER_RUN && task->kind != HELPER_TAIL) return launch(child, task, -1);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  child->output_fd = ends[0];
  int error = loop_watch(ends[0], EPOLLIN, &child->watch) ? launch(child, task, ends[1]) : errno;
  close(ends[1]);
  if (error) helper_child_close_output(child);
  return error;
}

void helper_child_close_output(struct helper_child *child) {
  if (child->output_fd < 0) return;
  loop_unwatch(child->output_fd);
  close(child->output_fd);
  child->output_fd = -1;
}

void helper_child_kill(const struct helper_child *child) {
  if (child->pid == 0) return; /* The pid may be reused. */
  kill(child->pid, SIGKILL);
  if (child->is_group) kill(-child->pid, SIGKILL);
}

/* Doubles the buffer, up to the limit and one byte more. */
static bool grow(struct helper_child *child) {
  size_t wanted = child->room ? child->room * 2 : OUTPUT_BYTES_MIN;
  if (wanted > child->max_bytes + 1) wanted = child->max_bytes + 1;
  char *output = wanted > child->room ? realloc(child->output, wanted) : NULL;
  if (!output) return false;
  child->output = output;
  child->room = wanted;
  return true;
}

void helper_read_output(struct watch *watch) {
  struct helper_child *child = (struct helper_child *)watch;
  for (int reads = 0; reads < READS_A_TURN && child->output_fd >= 0; reads++) {
    bool full = child->bytes == child->room && !grow(child);
    if (full || child->bytes > child->max_bytes) {
      child->overflowed = true;
      helper_child_kill(child);
      return helper_child_close_output(child);
    }
    ssize_t n = read(child->output_fd, child->output + child->bytes, child->room - child->bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return helper_child_close_output(child);
    child->bytes += (size_t)n;
  }
}

/* Does not wait for output of its children. */
void helper_child_reaped(struct helper_child *child) {
  child->pid = 0;
  for (size_t before = SIZE_MAX; child->output_fd >= 0 && child->bytes != before;) {
    before = child->bytes;
    helper_read_output(&child->watch);
  }
  helper_child_close_output(child);
}
