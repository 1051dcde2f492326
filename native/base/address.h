/* Where a socket is, in numbers: names are not looked up, since that may wait. And its end. */
#ifndef PITCREW_BASE_ADDRESS_H
#define PITCREW_BASE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct address {
  struct sockaddr_storage storage;
  socklen_t bytes;
};
/* An IPv4 or IPv6 address in digits. 0 or errno. */
int address_of_host(const char *host, int port, struct address *address);
/* A path; with '@' in front, an abstract name. 0 or errno. */
int address_of_path(const char *path, struct address *address);

/* Takes a socket out of an epoll set and closes it; `shuts`: for all that hold it. What came and
 * was not read is dropped before: else the other end would see a reset, and might lose our last
 * words. */
void socket_end(int fd, int epoll, bool shuts);

#endif
