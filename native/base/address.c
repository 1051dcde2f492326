#define _GNU_SOURCE
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  PORT_MAX = 65535,
  REST_BYTES = 4096, /* per read */
  REST_READS = 16,   /* reads */
};

int address_of_host(const char *host, int port, struct address *address) {
  *address = (struct address){0};
  if (port < 1 || port > PORT_MAX) return EINVAL;
  struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    address->bytes = sizeof *v4;
    return 0;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) return EINVAL;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  address->bytes = sizeof *v6;
  return 0;
}

int address_of_path(const char *path, struct address *address) {
  *address = (struct address){0};
  struct sockaddr_un *local = (struct sockaddr_un *)&address->storage;
  size_t bytes = strlen(path);
  bool is_abstract = path[0] == '@';
  if (bytes <= is_abstract) return EINVAL;
  /* A path includes its NUL; the length of an abstract name is explicit. */
  if (bytes + !is_abstract > sizeof local->sun_path) return ENAMETOOLONG;
  local->sun_family = AF_UNIX;
  memcpy(local->sun_path, path, bytes);
  if (is_abstract) local->sun_path[0] = 0;
  address->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes + !is_abstract);
  return 0;
}

void socket_end(int fd, int epoll, bool shuts) {
  char rest[REST_BYTES];
  for (int reads = 0; reads < REST_READS; reads++)
    if (recv(fd, rest, sizeof rest, MSG_DONTWAIT) <= 0) break;
  epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
  if (shuts) shutdown(fd, SHUT_RDWR);
  close(fd);
}
