/* The process at the other end of a connection. */
#ifndef PITCREW_CONTROL_PEER_H
#define PITCREW_CONTROL_PEER_H

#include "tree/origin.h"

#include <stdbool.h>
#include <sys/types.h>

/* How a connection came about: through our socket, as a daemon's PITCREW_FD, from our parent. */
enum client_way { BY_SOCKET, BY_DAEMON_FD, INHERITED };

struct peer {
  uid_t uid;
  pid_t pid; /* 0 = outside of our PID namespace */
  struct origin origin;
};
/* False: its origin is not known, since it has ended, or we cannot look. */
bool peer_of(int fd, struct peer *peer);

#endif
