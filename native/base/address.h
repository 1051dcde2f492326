/* Addresses of sockets, in numbers: names are not resolved, since that may block. And closing a
 * socket. */
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

/* Removes a socket from an epoll set and closes it. `shuts`: for all processes that hold it. Unread
 * input is dropped first: otherwise the peer would see a reset and might lose our last answer. */
void socket_end(int fd, int epoll, bool shuts);

#endif
