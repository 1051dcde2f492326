/* stdout, which may be a pipe, a socket, a terminal or a file, and may be full, slow or gone. What
 * is written waits in one buffer; nothing here ever waits. O_NONBLOCK is never set on it: it
 * belongs to the open file, which others may share with us.
 *
 * An error of write means one of four things:
 *   EAGAIN             it is full: the text is kept, and written when epoll reports room
 *   ENOMEM, ENOBUFS    the kernel has no memory now: the text is kept, and written a little later
 *   EPIPE, EIO, …      it is gone for good: everything is thrown away and counted
 *   ENOSPC and others  this text cannot be written, the next may: it is thrown away and counted
 *
 * While text is kept (a stall) the pump reads only what it must, so that daemons wait in their own
 * write, and the loop goes on. A stall in which no byte was taken for STALL_MS is reported. */
#define _GNU_SOURCE
#include "output/out.h"
#include "base/clock.h"
#include "engine/events.h"
#include "loop/loop.h"
#include "output/line.h"
#include "output/logs.h"
#include "output/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

enum {
  POLLED_WRITE_BYTES = 4096, /* PIPE_BUF: what a pipe that is writable takes without waiting */
  RETRY_MS = 50,             /* where epoll does not report when a write is worth another try */
  STALL_MS = 1000,           /* a shorter stall is not reported */
};

enum way {
  PLAIN,  /* a file: a write never waits for a reader */
  NOWAIT, /* a pipe: pwritev2 with RWF_NOWAIT */
  SOCKET, /* MSG_DONTWAIT */
  OWN,    /* a description of our own, opened non-blocking */
  POLLED, /* nothing else works: asked first, then little by little */
};

static unsigned char buffer[OUT_BYTES + OUT_RESERVE_BYTES + COPY_SLACK_BYTES];
static size_t start, end;
static int fd = 1;
static enum way way;
static bool stalled, gone;
static bool watched;              /* in a stall: epoll reports when it ends */
static double retry_ms;           /* else: when the next write is tried */
static int stall_errno;           /* why the last write took nothing */
static double since_ms, taken_ms; /* the stall began; and a byte was taken last */
static bool reported;
static uint64_t lost_bytes, lost_lines;
static struct watch watch = {WATCH_STDOUT};
static void (*on_stall)(bool paused);

static bool reopen(void) {
  int own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own < 0) return false;
  fd = own;
  return true;
}

void out_init(void) {
  struct stat st;
  if (fstat(1, &st) != 0) st.st_mode = S_IFREG;
  if (S_ISFIFO(st.st_mode))
    way = NOWAIT;
  else if (S_ISSOCK(st.st_mode))
    way = SOCKET;
  else if (isatty(1))
    way = reopen() ? OWN : POLLED;
  else
    way = PLAIN;
}

void out_on_stall(void (*pause)(bool paused)) { on_stall = pause; }

static ssize_t write_polled(const unsigned char *from, size_t bytes) {
  struct pollfd ask = {.fd = fd, .events = POLLOUT};
  if (poll(&ask, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(fd, from, bytes < POLLED_WRITE_BYTES ? bytes : POLLED_WRITE_BYTES);
}

/* A seccomp profile that does not know a call answers EPERM or ENOSYS. */
static bool is_refused(int error) {
  return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == EPERM;
}

static ssize_t write_nowait(const unsigned char *from, size_t bytes) {
  struct iovec piece = {(void *)from, bytes};
  /* Raw, since musl has no wrapper: both halves of the offset -1 = the current position. */
  ssize_t n = syscall(SYS_pwritev2, fd, &piece, 1L, -1L, -1L, RWF_NOWAIT);
  if (n >= 0 || !is_refused(errno)) return n;
  way = reopen() ? OWN : POLLED;
  return way == OWN ? write(fd, from, bytes) : write_polled(from, bytes);
}

static ssize_t write_some(const unsigned char *from, size_t bytes) {
  switch (way) {
    case NOWAIT: return write_nowait(from, bytes);
    case SOCKET: return send(fd, from, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    case POLLED: return write_polled(from, bytes);
    default: return write(fd, from, bytes);
  }
}

void out_count_lost(const unsigned char *text, size_t bytes, size_t lines) {
  lost_bytes += bytes;
  lost_lines += lines;
  for (size_t i = 0; text && i < bytes; i++) lost_lines += text[i] == '\n';
}

static void drop_all(void) {
  out_count_lost(buffer + start, end - start, 0);
  start = end = 0;
}

static void stall(int error) {
  bool by_event = error == EAGAIN && (watched || loop_watch(fd, EPOLLOUT, &watch));
  if (watched && !by_event) loop_unwatch(fd);
  watched = by_event;
  retry_ms = by_event ? INFINITY : now_ms() + RETRY_MS;
  stall_errno = error;
  if (stalled) return;
  stalled = true;
  since_ms = taken_ms = now_ms();
  on_stall(true);
}

static void go_on(void) {
  if (!stalled) return;
  stalled = false;
  if (watched) loop_unwatch(fd);
  watched = false;
  on_stall(false);
}

static bool is_passing(int error) { return error == EAGAIN || error == ENOMEM || error == ENOBUFS; }

static bool is_end(int error) {
  return error == EPIPE || error == EIO || error == EBADF || error == ENXIO || error == ENODEV ||
         error == ECONNRESET || error == ENOTCONN || error == ECONNREFUSED;
}

bool out_flush(void) {
  while (start < end) {
    if (gone) {
      drop_all();
      break;
    }
    ssize_t n = write_some(buffer + start, end - start);
    if (n > 0) {
      start += (size_t)n;
      if (stalled) taken_ms = now_ms();
    } else if (n < 0 && is_passing(errno)) {
      stall(errno);
      return false;
    } else if (n < 0 && errno != EINTR) {
      gone = is_end(errno);
      drop_all();
    }
  }
  start = end = 0;
  go_on();
  return true;
}

bool out_stalled(void) { return stalled; }

double out_silent_ms(void) { return stalled ? now_ms() - taken_ms : 0; }

double out_wake_ms(void) {
  if (!stalled) return reported ? 0 : INFINITY;
  return fmin(retry_ms, reported ? INFINITY : taken_ms + STALL_MS);
}

bool out_long_stall(double *began_ms, int *error) {
  *began_ms = since_ms;
  *error = stall_errno;
  return reported;
}

/* Not from out_flush, which is called in the middle of the pump's work: the policy may print. */
void out_turn(void) {
  if (stalled && now_ms() >= retry_ms) out_flush();
  bool is_long = stalled && now_ms() >= taken_ms + STALL_MS;
  if (is_long == reported) return;
  reported = is_long;
  if (is_long)
    event_output_stalled(since_ms, stall_errno);
  else
    event_output_resumed();
}

void out_give_up(void) {
  drop_all();
  gone = true;
}

/* In a stall it is the loop that tries again: here it would be one write for each line. */
unsigned char *out_room(size_t bytes) {
  if (end + bytes > OUT_BYTES && !stalled) out_flush();
  return end + bytes > OUT_BYTES ? NULL : buffer + end;
}

void out_commit(size_t bytes) { end += bytes; }

static void keep_own(const char *text, size_t bytes) {
  static struct ring *ring;
  int64_t ms = wall_ms();
  if (!ring) ring = ring_of("-");
  if (ring) ring_add(ring, 0, (const unsigned char *)text, bytes, ms);
  if (logs_followed) logs_add_own(text, bytes, ms);
}

/* pitcrew's own lines have a reserve behind what the daemons may fill. */
void out_print(const char *text, size_t bytes) {
  keep_own(text, bytes);
  if (start > 0 && end + bytes > sizeof buffer - COPY_SLACK_BYTES) {
    memmove(buffer, buffer + start, end - start);
    end -= start;
    start = 0;
  }
  if (end + bytes > sizeof buffer - COPY_SLACK_BYTES) {
    out_count_lost((const unsigned char *)text, bytes, 0);
    return;
  }
  memcpy(buffer + end, text, bytes);
  end += bytes;
}

void out_lost(uint64_t *bytes, uint64_t *lines) {
  *bytes = lost_bytes;
  *lines = lost_lines;
}
