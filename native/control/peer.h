/* The process at the other end of a connection. */
#ifndef PITCREW_CONTROL_PEER_H
#define PITCREW_CONTROL_PEER_H

#include "tree/origin.h"

#include <stdbool.h>
#include <sys/types.h>

/* How a client connected: through our socket, as a daemon's PITCREW_FD, inherited from our parent.
 */
enum client_way { BY_SOCKET, BY_DAEMON_FD, INHERITED };

struct peer {
  uid_t uid;
  pid_t pid; /* 0 = outside of our PID namespace */
  struct origin origin;
};
/* False: its origin is unknown, because it has ended or cannot be looked up. */
bool peer_of(int fd, struct peer *peer);

#endif
