/* What we tell of ourselves to whoever started us: a message of sd_notify, by the address that we
 * got in NOTIFY_SOCKET. That nobody hears it is nobody's fault. */
#define _GNU_SOURCE
#include "address.h"
#include "host.h"

#include <unistd.h>

void announce(const char *text, size_t bytes) {
  const char *path = environment_get("NOTIFY_SOCKET");
  struct address address;
  if (!path || address_of_path(path, &address) != 0) return;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  (void)sendto(fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&address.storage, address.bytes);
  close(fd);
}
