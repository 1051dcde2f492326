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

static bool is_over(pid_t pid) { return getpgid(pid) < 0 && errno == ESRCH; }

/* Of one that is just being reaped, /proc says that its group is -1, and no mark. */
static bool look_at(pid_t pid, struct proc_stat *stat) {
  return proc_stat(pid, stat) && stat->group >= 0;
}

/* False: we could not look, or it has ended meanwhile. An ancestor that has ended has left what it
 * started to another one: so it is begun anew. */
static bool find_run(pid_t sender, const struct run **run) {
  struct proc_stat stat;
  pid_t pid = sender;
  for (int i = 0; !*run && i < ANCESTORS_MAX && pid > 1 && pid != getpid(); i++) {
    errno = 0;
    bool seen = look_at(pid, &stat), hidden = errno == ENOENT || errno == EACCES || errno == EPERM;
    if (!seen && is_over(sender)) return false;
    if (!seen && !is_over(pid)) return hidden; /* Else there is no descriptor or no memory left. */
    if (seen) *run = run_with(stat.group, stat.mark);
    pid = seen ? stat.parent : sender;
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
