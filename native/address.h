/* Where a socket is, in numbers: names are not looked up, since that may wait. */
#ifndef PITCREW_ADDRESS_H
#define PITCREW_ADDRESS_H

#include <sys/socket.h>

struct address {
  struct sockaddr_storage storage;
  socklen_t bytes;
};
/* An IPv4 or IPv6 address in digits. 0 or errno. */
int address_of_host(const char *host, int port, struct address *address);
/* A path; with '@' in front, an abstract name. 0 or errno. */
int address_of_path(const char *path, struct address *address);

#endif
