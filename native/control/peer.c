/* The peer of a connection: what the kernel recorded when it connected, and its origin. A
 * descendant of ours is never an operator. */
#define _GNU_SOURCE
#include "control/peer.h"
#include "tree/origin.h"
#include "tree/runs.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PEER_PIDFD = 77 }; /* SO_PEERPIDFD, from Linux 6.5 */

static int pidfd_of(int fd) {
  int pidfd = -1;
  socklen_t bytes = sizeof pidfd;
  return getsockopt(fd, SOL_SOCKET, PEER_PIDFD, &pidfd, &bytes) == 0 ? pidfd : -1;
}

/* The pid was not reused since it connected; unknown before Linux 6.5. */
static bool is_same_process(int pidfd) {
  if (pidfd < 0) return true;
  bool was = syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0 || errno != ESRCH;
  close(pidfd);
  return was;
}

bool peer_of(int fd, struct peer *peer) {
  struct ucred sender = {0};
  socklen_t bytes = sizeof sender;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &sender, &bytes);
  *peer = (struct peer){.uid = sender.uid, .pid = sender.pid};
  if (sender.pid <= 0) return true;
  int pidfd = pidfd_of(fd);
  bool is_known = origin_of(sender.pid, &peer->origin);
  if (!is_same_process(pidfd) || !is_known) return false;
  bool is_its_user = !peer->origin.run || sender.uid == peer->origin.run->uid || sender.uid == 0;
  if (peer->origin.kin == ORIGIN_MARKED && !is_its_user)
    peer->origin = (struct origin){ORIGIN_DESCENDANT, NULL};
  return true;
}
