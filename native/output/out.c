/* stdout may be a pipe, a socket, a terminal or a file, and may be full, slow or closed. Output is
 * buffered; nothing here blocks. O_NONBLOCK is never set on stdout: it belongs to the open file,
 * which other processes may share.
 *
 * An error of write means one of four things:
 *   EAGAIN             full: the text is kept, and written when epoll reports room
 *   ENOMEM, ENOBUFS    the kernel has no memory now: the text is kept, and written a little later
 *   EPIPE, EIO, …      closed for good: all text is discarded and counted
 *   ENOSPC and others  this text cannot be written, later text may: it is discarded and counted
 *
 * While text is kept (a stall) the pump reads only what it must, so daemons block in their own
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
  POLLED_WRITE_BYTES = 4096, /* PIPE_BUF: what a writable pipe takes without blocking */
  RETRY_MS = 50,             /* between tries, where epoll does not report room */
  STALL_MS = 1000,           /* a shorter stall is not reported */
};

enum method {
  PLAIN_WRITE,     /* a file: a write never blocks */
  NOWAIT,          /* a pipe: pwritev2 with RWF_NOWAIT */
  SOCKET,          /* MSG_DONTWAIT */
  OWN_DESCRIPTION, /* opened again by us, non-blocking */
  POLLED,          /* nothing else works: poll, then small writes */
};

static unsigned char buffer[OUT_BYTES + OUT_RESERVE_BYTES + COPY_SLACK_BYTES];
static size_t start, end;
static int fd = 1;
static enum method method;
static bool stalled, closed;
static bool watched;              /* in a stall: epoll reports its end */
static double retry_ms;           /* otherwise: the time of the next try */
static int stall_errno;           /* of the last write */
static double since_ms, taken_ms; /* begin of the stall; a byte was last taken */
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
    method = NOWAIT;
  else if (S_ISSOCK(st.st_mode))
    method = SOCKET;
  else if (isatty(1))
    method = reopen() ? OWN_DESCRIPTION : POLLED;
  else
    method = PLAIN_WRITE;
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

/* A seccomp profile answers EPERM or ENOSYS to a call that it does not know. */
static bool is_refused(int error) {
  return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == EPERM;
}

static ssize_t write_nowait(const unsigned char *from, size_t bytes) {
  struct iovec piece = {(void *)from, bytes};
  /* musl has no wrapper. Both halves of the offset -1: the current position. */
  ssize_t n = syscall(SYS_pwritev2, fd, &piece, 1L, -1L, -1L, RWF_NOWAIT);
  if (n >= 0 || !is_refused(errno)) return n;
  method = reopen() ? OWN_DESCRIPTION : POLLED;
  return method == OWN_DESCRIPTION ? write(fd, from, bytes) : write_polled(from, bytes);
}

static ssize_t write_some(const unsigned char *from, size_t bytes) {
  switch (method) {
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

static void discard_all(void) {
  out_count_lost(buffer + start, end - start, 0);
  start = end = 0;
}

static void begin_stall(int error) {
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

static void end_stall(void) {
  if (!stalled) return;
  stalled = false;
  if (watched) loop_unwatch(fd);
  watched = false;
  on_stall(false);
}

static bool is_temporary(int error) {
  return error == EAGAIN || error == ENOMEM || error == ENOBUFS;
}

static bool is_permanent(int error) {
  return error == EPIPE || error == EIO || error == EBADF || error == ENXIO || error == ENODEV ||
         error == ECONNRESET || error == ENOTCONN || error == ECONNREFUSED;
}

bool out_flush(void) {
  while (start < end) {
    if (closed) {
      discard_all();
      break;
    }
    ssize_t n = write_some(buffer + start, end - start);
    if (n > 0) {
      start += (size_t)n;
      if (stalled) taken_ms = now_ms();
    } else if (n < 0 && is_temporary(errno)) {
      begin_stall(errno);
      return false;
    } else if (n < 0 && errno != EINTR) {
      closed = is_permanent(errno);
      discard_all();
    }
  }
  start = end = 0;
  end_stall();
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

/* Not in out_flush, which the pump calls while it works: the policy may print. */
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
  discard_all();
  closed = true;
}

/* In a stall only the loop retries: here there would be a write for each line. */
unsigned char *out_room(size_t bytes) {
  if (end + bytes > OUT_BYTES && !stalled) out_flush();
  return end + bytes > OUT_BYTES ? NULL : buffer + end;
}

void out_commit(size_t bytes) { end += bytes; }

static void record_own(const char *text, size_t bytes) {
  static struct ring *ring;
  int64_t ms = wall_ms();
  if (!ring) ring = ring_of("-");
  if (ring) ring_add(ring, 0, (const unsigned char *)text, bytes, ms);
  if (logs_followed) logs_add_own(text, bytes, ms);
}

/* pitcrew's own lines have a reserve after the daemons' part. */
void out_print(const char *text, size_t bytes) {
  record_own(text, bytes);
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
