/* Reports our own state to the service manager that started us: sd_notify messages to the address
 * in NOTIFY_SOCKET. One connected socket is kept from the first message on, so that later messages
 * need no path lookup, which may hang. A message that does not fit into the socket's queue is sent
 * a little later; of more than a few such messages the oldest are dropped. */
#define _GNU_SOURCE
#include "health/announce.h"
#include "base/address.h"
#include "base/clock.h"
#include "process/environ.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { QUEUE_MAX = 4, TEXT_BYTES_MAX = 512, RETRY_MS = 50 };

static int fd = -1;
static struct {
  char text[TEXT_BYTES_MAX];
  size_t bytes;
} queue[QUEUE_MAX];
static size_t count;
static double retry_ms = INFINITY;

static bool open_socket(void) {
  const char *path = environment_get("NOTIFY_SOCKET");
  struct address address;
  if (fd >= 0) return true;
  if (!path || address_of_path(path, &address) != 0) return false;
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  if (connect(fd, (const struct sockaddr *)&address.storage, address.bytes) == 0) return true;
  close(fd);
  fd = -1;
  return false;
}

static int send_text(const char *text, size_t bytes) {
  if (!open_socket()) return EDESTADDRREQ;
  return send(fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : errno;
}

/* 0 or errno. A restarted receiver needs a new connection to the same address. */
static int send_now(const char *text, size_t bytes) {
  int error = send_text(text, bytes);
  if (error != ECONNREFUSED && error != ECONNRESET && error != ENOTCONN) return error;
  close(fd);
  fd = -1;
  return send_text(text, bytes);
}

static bool is_temporary(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

static void drop_oldest(void) { memmove(queue, queue + 1, --count * sizeof *queue); }

void announce(const char *text, size_t bytes) {
  announce_turn();
  if (count == 0 && !is_temporary(send_now(text, bytes))) return;
  if (bytes > TEXT_BYTES_MAX) return;
  if (count == QUEUE_MAX) drop_oldest();
  memcpy(queue[count].text, text, bytes);
  queue[count++].bytes = bytes;
  retry_ms = now_ms() + RETRY_MS;
}

double announce_wake_ms(void) { return retry_ms; }

void announce_turn(void) {
  if (now_ms() < retry_ms) return;
  while (count > 0 && !is_temporary(send_now(queue[0].text, queue[0].bytes))) drop_oldest();
  retry_ms = count > 0 ? now_ms() + RETRY_MS : INFINITY;
}
