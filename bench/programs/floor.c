/* The minimum that a supervisor must do, as the floor of all comparisons. It starts daemons with
 * vfork and exec, with a pipe each, waits in one epoll loop, prefixes each line (memchr, memcpy)
 * and writes them in one call. It has no policy, options or limits, and is not meant for use.
 *
 *   usage: floor LIST      each line of LIST is "NAME PROGRAM"; PROGRAM gets NAME as its argument
 *
 * USR1 restarts the second daemon (TERM, then the next run as soon as it has exited). TERM stops
 * all daemons, with KILL after a second. Orphans are reaped. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DAEMONS_MAX = 1024, READ_BYTES = 64 * 1024, OUT_BYTES = 256 * 1024, GRACE_MS = 1000 };

static struct daemon {
  char name[64], program[256], prefix[80];
  size_t prefix_bytes;
  pid_t pid;
  int fd;
  char *rest; /* The start of an incomplete line. */
  size_t rest_bytes;
} daemons[DAEMONS_MAX];

static int count, alive, is_stopping, epoll_fd;
static char chunk[READ_BYTES], out[OUT_BYTES];
static size_t out_bytes;
static sigset_t no_signals;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void start(struct daemon *d) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) fail("floor: cannot make a pipe");
  d->pid = vfork();
  if (d->pid < 0) fail("floor: cannot fork");
  if (d->pid == 0) {
    sigprocmask(SIG_SETMASK, &no_signals, NULL);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execl(d->program, d->program, d->name, NULL);
    _exit(127);
  }
  close(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  d->fd = ends[0];
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = d};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, d->fd, &event) < 0) fail("floor: cannot watch a pipe");
  alive++;
}

static void flush(void) {
  for (size_t at = 0; at < out_bytes;) {
    ssize_t written = write(1, out + at, out_bytes - at);
    if (written < 0 && errno != EINTR) fail("floor: cannot write");
    if (written > 0) at += (size_t)written;
  }
  out_bytes = 0;
}

static void put(const char *from, size_t bytes) {
  memcpy(out + out_bytes, from, bytes);
  out_bytes += bytes;
}

/* A line needs at most this much room, since a rest is at most a chunk. */
static void put_line(struct daemon *d, const char *from, size_t bytes) {
  if (out_bytes + d->prefix_bytes + d->rest_bytes + bytes > OUT_BYTES) flush();
  put(d->prefix, d->prefix_bytes);
  put(d->rest, d->rest_bytes);
  put(from, bytes);
  d->rest_bytes = 0;
}

static void keep_rest(struct daemon *d, const char *from, size_t bytes) {
  if (bytes == 0) return;
  if (!d->rest) d->rest = malloc(READ_BYTES);
  if (!d->rest || d->rest_bytes + bytes > READ_BYTES) fail("floor: cannot keep so long a line");
  memcpy(d->rest + d->rest_bytes, from, bytes);
  d->rest_bytes += bytes;
}

static void end_pipe(struct daemon *d) {
  if (d->fd < 0) return;
  if (d->rest_bytes > 0) put_line(d, "\n", 1);
  flush();
  close(d->fd);
  d->fd = -1;
}

/* Returns false if there is nothing more to read now. */
static bool pump(struct daemon *d) {
  ssize_t bytes = d->fd < 0 ? -1 : read(d->fd, chunk, READ_BYTES);
  if (bytes == 0) end_pipe(d);
  if (bytes <= 0) return false;
  const char *at = chunk, *end = chunk + bytes;
  for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
    put_line(d, at, (size_t)(newline + 1 - at));
  keep_rest(d, at, (size_t)(end - at));
  flush();
  return true;
}

static void signal_all(int number) {
  for (int i = 0; i < count; i++)
    if (daemons[i].pid) kill(daemons[i].pid, number);
}

static void reap(void) {
  for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
    struct daemon *d = daemons;
    while (d < daemons + count && d->pid != pid) d++;
    if (d == daemons + count) continue; /* An orphan. */
    alive--;
    d->pid = 0;
    while (pump(d)) continue;
    end_pipe(d);
    if (!is_stopping) start(d);
  }
}

static void take_signal(int fd) {
  struct signalfd_siginfo info;
  if (read(fd, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo == SIGCHLD) reap();
  if (info.ssi_signo == SIGUSR1) kill(daemons[1].pid, SIGTERM);
  if (info.ssi_signo == SIGTERM && !is_stopping) {
    is_stopping = 1;
    signal_all(SIGTERM);
  }
}

static void read_list(const char *path) {
  FILE *list = fopen(path, "r");
  if (!list) fail(path);
  struct daemon *d = daemons;
  while (count < DAEMONS_MAX && fscanf(list, "%63s %255s", d->name, d->program) == 2) {
    d->prefix_bytes = (size_t)snprintf(d->prefix, sizeof d->prefix, "[%s] ", d->name);
    d++, count++;
  }
  fclose(list);
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: floor LIST\n");
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &event) < 0)
    fail("floor: cannot watch signals");
  read_list(argv[1]);
  for (int i = 0; i < count; i++) start(&daemons[i]);

  long kill_at_ms = 0;
  while (alive > 0) {
    if (is_stopping && !kill_at_ms) kill_at_ms = now_ms() + GRACE_MS;
    long left_ms = kill_at_ms ? kill_at_ms - now_ms() : -1;
    if (kill_at_ms && left_ms <= 0) signal_all(SIGKILL);
    struct epoll_event ready[64];
    int n = epoll_wait(epoll_fd, ready, 64, kill_at_ms && left_ms <= 0 ? GRACE_MS : (int)left_ms);
    for (int i = 0; i < n; i++) {
      struct daemon *d = ready[i].data.ptr;
      if (!d)
        take_signal(signal_fd);
      else
        pump(d);
    }
  }
  return 0;
}
