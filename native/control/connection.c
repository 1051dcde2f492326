/* Blocking: this process has nothing else to do. Input is read in large pieces and returned as
 * whole lines; an incomplete line waits for its rest. */
#define _GNU_SOURCE
#include "control/connection.h"
#include "base/address.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
  CONNECT_SECONDS_MAX = 5,
  BUFFER_BYTES = 64 * 1024,
  BUFFER_BYTES_MAX = 16 * 1024 * 1024, /* a longer line ends the connection */
};

static int fd = -1;
static char *buffer;
static size_t room, consumed, bytes_in; /* consumed lines are removed in the next call */

/* A path that is too long for a socket address is reached through a descriptor of its folder, which
 * needs /proc. */
static int address_through_folder(const char *path, int *folder, struct address *address) {
  char text[PATH_MAX], shorter[PATH_MAX + 64];
  if (snprintf(text, sizeof text, "%s", path) >= (int)sizeof text) return ENAMETOOLONG;
  char *slash = strrchr(text, '/');
  if (!slash || access("/proc/self/fd", X_OK) != 0) return ENAMETOOLONG;
  *slash = 0;
  *folder = open(slash == text ? "/" : text, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (*folder < 0) return errno;
  snprintf(shorter, sizeof shorter, "/proc/self/fd/%d/%s", *folder, slash + 1);
  return address_of_path(shorter, address);
}

/* If a server does not accept, connect blocks when its backlog is full: SO_SNDTIMEO limits that. */
static int connect_with_timeout(const struct address *address) {
  const struct timeval in_time = {.tv_sec = CONNECT_SECONDS_MAX}, unbounded = {0};
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &in_time, sizeof in_time);
  int error;
  do {
    bool failed = connect(fd, (const struct sockaddr *)&address->storage, address->bytes) != 0;
    error = failed ? errno : 0;
  } while (error == EINTR); /* This process was stopped and continued. */
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &unbounded, sizeof unbounded);
  return error == EAGAIN ? ETIMEDOUT : error;
}

int connection_open(const char *path) {
  connection_close();
  struct address address;
  int folder = -1, error = address_of_path(path, &address);
  if (error == ENAMETOOLONG) error = address_through_folder(path, &folder, &address);
  if (!error) error = connect_with_timeout(&address);
  if (folder >= 0) close(folder);
  if (error) connection_close();
  return error;
}

void connection_close(void) {
  if (fd >= 0) close(fd);
  fd = -1;
  free(buffer);
  buffer = NULL;
  room = consumed = bytes_in = 0;
}

int connection_send(const char *text, size_t bytes) {
  if (fd < 0) return ENOTCONN;
  while (bytes > 0) {
    ssize_t n = send(fd, text, bytes, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) text += n, bytes -= (size_t)n;
  }
  return 0;
}

static bool make_room(void) {
  if (bytes_in < room) return true;
  if (room == BUFFER_BYTES_MAX) return false;
  size_t more = room ? room * 2 : BUFFER_BYTES;
  char *larger = realloc(buffer, more);
  if (!larger) return false;
  buffer = larger;
  room = more;
  return true;
}

/* Reads without blocking: a positive number, 0 at the end, -1 = nothing yet. */
static ssize_t receive_some(void) {
  for (;;) {
    ssize_t n = recv(fd, buffer + bytes_in, room - bytes_in, MSG_DONTWAIT);
    if (n >= 0) return n;
    if (errno == EAGAIN) return -1;
    if (errno != EINTR) return 0;
  }
}

/* False: the time is up. */
static bool wait_for_more(double until_ms) {
  double left = ceil(until_ms - now_ms());
  if (left <= 0) return false;
  struct pollfd ask = {.fd = fd, .events = POLLIN};
  poll(&ask, 1, isinf(left) ? -1 : left < INT_MAX ? (int)left : INT_MAX);
  return true;
}

enum received connection_receive(double timeout_ms, const char **lines, size_t *bytes) {
  if (fd < 0) return RECEIVED_END;
  if (consumed) memmove(buffer, buffer + consumed, bytes_in - consumed);
  bytes_in -= consumed;
  consumed = 0;
  double until_ms = now_ms() + (timeout_ms > 0 ? timeout_ms : 0);
  for (bool in_time = true; in_time; in_time = wait_for_more(until_ms)) {
    if (!make_room()) return RECEIVED_END;
    ssize_t n = receive_some();
    if (n == 0) return RECEIVED_END;
    if (n < 0) continue;
    const char *last = memrchr(buffer + bytes_in, '\n', (size_t)n);
    bytes_in += (size_t)n;
    if (!last) continue;
    consumed = (size_t)(last + 1 - buffer);
    *lines = buffer;
    *bytes = consumed;
    return RECEIVED_LINES;
  }
  return RECEIVED_NOTHING;
}
