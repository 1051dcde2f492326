/* This program again, as a short-lived child: what reads a user's file or runs a big library runs
 * there, so that its memory goes when it does and its bugs cannot touch the init. Bounded in
 * memory, processor time, time and output. One at a time is enough so far. */
#define _GNU_SOURCE
#include "host.h"
#include "self.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  ADDRESS_SPACE_BYTES = 512 * 1024 * 1024,
  CPU_SECONDS = 20,
  OUTPUT_BYTES_MAX = 64 * 1024 * 1024,
};

static struct {
  pid_t pid;
  int fd;
  double deadline_ms;
  bool timed_out, overflowed;
  char *text;
  size_t bytes, max_bytes;
} helper = {.fd = -1, .deadline_ms = INFINITY};
static struct watch watch = {WATCH_HELPER};

int helper_start(char *const *argv, double timeout_ms, size_t max_bytes) {
  if (helper.pid > 0) return EBUSY;
  if (max_bytes > OUTPUT_BYTES_MAX) return EINVAL;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  helper.pid = spawn_self(argv, ends[1], (struct rlimit){ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES},
                          (struct rlimit){CPU_SECONDS, CPU_SECONDS});
  int error = helper.pid < 0 ? errno : 0;
  close(ends[1]);
  helper.text = error ? NULL : malloc(max_bytes + 1);
  if (!error && !helper.text) error = ENOMEM;
  if (error) {
    close(ends[0]);
    if (helper.pid > 0) kill(helper.pid, SIGKILL);
    helper.pid = 0;
    return error;
  }
  helper.fd = ends[0];
  helper.bytes = 0;
  helper.max_bytes = max_bytes;
  helper.timed_out = helper.overflowed = false;
  helper.deadline_ms = now_ms() + timeout_ms;
  loop_watch_surely(helper.fd, EPOLLIN, &watch);
  return 0;
}

static void close_output(void) {
  if (helper.fd < 0) return;
  loop_unwatch(helper.fd);
  close(helper.fd);
  helper.fd = -1;
}

/* The room is malloc'ed whole, but the kernel gives memory only for what is written into it. */
void helper_readable(void) {
  while (helper.fd >= 0) {
    size_t room = helper.max_bytes - helper.bytes;
    char beyond;
    ssize_t n = read(helper.fd, room ? helper.text + helper.bytes : &beyond, room ? room : 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      close_output();
    } else if (room) {
      helper.bytes += (size_t)n;
    } else if (!helper.overflowed) {
      helper.overflowed = true;
      kill(-helper.pid, SIGKILL);
    }
  }
}

bool helper_is(pid_t pid) { return pid == helper.pid; }

bool helper_reaped(pid_t pid, int wait_status) {
  if (pid != helper.pid || pid <= 0) return false;
  helper_readable();
  close_output();
  char *text = helper.text;
  text[helper.bytes] = 0;
  helper.pid = 0;
  helper.text = NULL;
  helper.deadline_ms = INFINITY;
  event_helper(wait_status, helper.timed_out, helper.overflowed ? NULL : text, helper.bytes);
  free(text);
  return true;
}

double helper_deadline_ms(void) { return helper.deadline_ms; }

void helper_check_deadline(void) {
  if (now_ms() < helper.deadline_ms) return;
  helper.deadline_ms = INFINITY;
  helper.timed_out = true;
  kill(-helper.pid, SIGKILL);
}
