/* Waits for the conditions of the stopwatch: reports on a FIFO, lines in a pipe, ends of processes.
 */
#define _GNU_SOURCE
#include "stopwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPORTS, OUTPUT, SIGNALS, WATCHED, OUTPUT_BYTES = 256 * 1024 };

struct seen seen;
struct supervisor supervisor = {.status = -1};
static struct pollfd watched[WATCHED];
static int go_fd;
static size_t reports_bytes, output_bytes;
static char output[OUTPUT_BYTES];
static bool has_children;

long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Opened for reading and writing, so that it has no end of file, and opening it does not block. */
static int make_fifo(const char *folder, const char *name) {
  char path[512];
  int length = snprintf(path, sizeof path, "%s/%s", folder, name);
  if (length >= (int)sizeof path || mkfifo(path, 0600) < 0) fail("stopwatch: cannot make a fifo");
  int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("stopwatch: cannot open a fifo");
  return fd;
}

void watch_world(const char *folder) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int fds[] = {make_fifo(folder, "reports"), -1,
               signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)};
  for (int i = 0; i < WATCHED; i++) watched[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
  go_fd = make_fifo(folder, "go");
}

int watch_output(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) fail("stopwatch: cannot make a pipe");
  watched[OUTPUT].fd = ends[0];
  return ends[1];
}

void send_go(int count) {
  while (count-- > 0)
    if (write(go_fd, "g", 1) != 1) fail("stopwatch: cannot write to the FIFO go");
}

void forget_reports(void) {
  reports_bytes = 0;
  seen.report_count = 0;
  seen.reports[0] = '\0';
}

static void take_reports(void) {
  char *at = seen.reports + reports_bytes;
  ssize_t bytes = read(watched[REPORTS].fd, at, sizeof seen.reports - reports_bytes - 1);
  if (bytes <= 0) return;
  reports_bytes += (size_t)bytes;
  at[bytes] = '\0';
  while ((at = strchr(at, '\n'))) at++, seen.report_count++;
}

/* Reads once. Returns false at the end of file. */
static bool read_output(void) {
  size_t room = OUTPUT_BYTES - output_bytes;
  if (room == 0) fail("stopwatch: cannot read a line of 256 KiB");
  ssize_t bytes = read(watched[OUTPUT].fd, output + output_bytes, room);
  if (bytes <= 0) {
    close(watched[OUTPUT].fd);
    watched[OUTPUT].fd = -1;
    return false;
  }
  output_bytes += (size_t)bytes;
  return true;
}

static void forget_output(size_t bytes) {
  output_bytes -= bytes;
  memmove(output, output + bytes, output_bytes);
}

static void reap(void) {
  struct signalfd_siginfo info;
  int status;
  while (read(watched[SIGNALS].fd, &info, sizeof info) > 0) continue;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) != 0;) {
    has_children = pid > 0;
    if (!has_children) return;
    if (pid == supervisor.pid)
      supervisor.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

static bool has_come(const struct awaited *awaited) {
  if (awaited->is_end) return !has_children;
  if (awaited->lines > 0 && checked.fault[0]) return true;
  return seen.report_count >= awaited->reports && checked.lines >= awaited->lines;
}

bool wait_for(const struct awaited *awaited, int patience_ms) {
  long long ends_at_ns = now_ns() + patience_ms * 1000000LL;
  has_children = true;
  reap();
  while (!has_come(awaited)) {
    long long left_ns = ends_at_ns - now_ns();
    if (left_ns <= 0) return false;
    poll(watched, WATCHED, (int)(left_ns / 1000000) + 1);
    if (watched[REPORTS].revents) take_reports();
    if (watched[OUTPUT].revents && read_output()) forget_output(check_lines(output, output_bytes));
    if (watched[SIGNALS].revents) reap();
  }
  return true;
}

long long next_latency_ns(int patience_ms) {
  for (;;) {
    if (poll(&watched[OUTPUT], 1, patience_ms) <= 0 || !read_output()) return -1;
    long long read_at_ns = now_ns();
    for (char *newline; (newline = memchr(output, '\n', output_bytes));) {
      size_t bytes = (size_t)(newline + 1 - output);
      long long stamp_ns = check_stamp(output, bytes);
      forget_output(bytes);
      if (stamp_ns) return read_at_ns - stamp_ns;
    }
  }
}

static void kill_children(void) {
  char path[64], children[64 * 1024];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t bytes = fd < 0 ? 0 : read(fd, children, sizeof children - 1);
  close(fd);
  children[bytes > 0 ? bytes : 0] = '\0';
  for (char *at = children, *end; *at; at = end) {
    pid_t pid = (pid_t)strtol(at, &end, 10);
    if (end == at) return;
    kill(pid, SIGKILL);
    if (*end) end++;
  }
}

/* Children of killed processes become our children. */
void kill_everything(void) {
  for (;;) {
    kill_children();
    if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) return;
  }
}
