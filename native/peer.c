/* Who is at the other end of a connection: the kernel's word at the time when it was made.
 *
 * The run it belongs to is found by process group or mark, of the process itself or of one of those
 * that it descends from: another supervisor inside a daemon gives its children groups and marks of
 * its own. What lost all three (setsid, another RLIMIT_RSS, parents that ended) is not known as a
 * daemon's; a process of root or of our user could do as much to us in other ways. */
#define _GNU_SOURCE
#include "client.h"
#include "proc.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANCESTORS_MAX = 64 };

static const struct run *run_with(pid_t group, uint64_t mark) {
  for (size_t i = 0; i < runs_count(); i++) {
    const struct run *run = runs_at(i);
    if (run->gone) continue;
    if ((!run->group_empty && run->pid == group) || (mark != 0 && run->mark == mark)) return run;
  }
  return NULL;
}

/* False: we could not look. */
static bool find_run(pid_t pid, const struct run **run) {
  struct proc_stat stat;
  for (int i = 0; !*run && i < ANCESTORS_MAX && pid > 1 && pid != getpid(); i++) {
    errno = 0;
    if (!proc_stat(pid, &stat)) return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
    *run = run_with(stat.group, stat.mark);
    pid = stat.parent;
  }
  return true;
}

bool peer_of(int fd, struct peer *peer) {
  struct ucred sender = {0};
  socklen_t bytes = sizeof sender;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &sender, &bytes);
  *peer = (struct peer){.uid = sender.uid, .pid = sender.pid};
  if (sender.pid <= 0) return true;
  pid_t group = getpgid(sender.pid);
  if (group < 0 && errno == ESRCH) return false;
  if (proc_usable()) return find_run(sender.pid, &peer->run);
  peer->run = run_with(group, 0);
  return true;
}
