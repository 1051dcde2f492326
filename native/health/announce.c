/* What we report of ourselves to the service manager that started us: messages of sd_notify, to the
 * address in NOTIFY_SOCKET. One connected socket is held from the first message on, so that a later
 * one does not look up a path, which may be on a mount that hangs. What its queue has no room for
 * now is sent a little later; of more than a few such messages the oldest are dropped. */
#define _GNU_SOURCE
#include "health/announce.h"
#include "base/address.h"
#include "base/clock.h"
#include "process/environ.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { WAITING_MAX = 4, TEXT_BYTES_MAX = 512, RETRY_MS = 50 };

static int fd = -1;
static struct {
  char text[TEXT_BYTES_MAX];
  size_t bytes;
} waiting[WAITING_MAX];
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

/* 0 or errno. A receiver that was started anew is another one at the same address. */
static int send_now(const char *text, size_t bytes) {
  int error = send_text(text, bytes);
  if (error != ECONNREFUSED && error != ECONNRESET && error != ENOTCONN) return error;
  close(fd);
  fd = -1;
  return send_text(text, bytes);
}

static bool is_passing(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

static void forget_oldest(void) { memmove(waiting, waiting + 1, --count * sizeof *waiting); }

void announce(const char *text, size_t bytes) {
  announce_turn();
  if (count == 0 && !is_passing(send_now(text, bytes))) return;
  if (bytes > TEXT_BYTES_MAX) return;
  if (count == WAITING_MAX) forget_oldest();
  memcpy(waiting[count].text, text, bytes);
  waiting[count++].bytes = bytes;
  retry_ms = now_ms() + RETRY_MS;
}

double announce_wake_ms(void) { return retry_ms; }

void announce_turn(void) {
  if (now_ms() < retry_ms) return;
  while (count > 0 && !is_passing(send_now(waiting[0].text, waiting[0].bytes))) forget_oldest();
  retry_ms = count > 0 ? now_ms() + RETRY_MS : INFINITY;
}
