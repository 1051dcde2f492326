/* Where a process comes from. A process of a run is in its group, or is watched as one that left
 * it, or descends from such a one: another supervisor inside a daemon gives its children groups and
 * marks of its own. What has lost all of this still descends from us, since its parents ended
 * before it: then the mark tells, as far as one that any process can set may tell.
 *
 * Processes that the engine of a container starts beside us (docker exec) have parents outside of
 * our PID namespace. */
#define _GNU_SOURCE
#include "tree/origin.h"
#include "tree/proc.h"
#include "tree/runs.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { ANCESTORS_MAX = 64 };

static const struct run *run_of_tree(pid_t pid, pid_t group) {
  for (size_t i = 0; i < runs_count(); i++) {
    const struct run *run = runs_at(i);
    if (run->gone) continue;
    if ((!run->group_empty && run->pid == group) || run_has_escapee(run, pid)) return run;
  }
  return NULL;
}

static const struct run *run_of_mark(uint64_t mark) {
  for (size_t i = 0; mark && i < runs_count(); i++)
    if (!runs_at(i)->gone && runs_at(i)->mark == mark) return runs_at(i);
  return NULL;
}

static bool is_over(pid_t pid) { return getpgid(pid) < 0 && errno == ESRCH; }

/* Of one that is just being reaped, /proc says that its group is -1, and no mark. */
static bool look_at(pid_t pid, struct proc_stat *stat) {
  return proc_stat(pid, stat) && stat->group >= 0;
}

/* One step up. */
static void take(const struct proc_stat *stat, struct origin *origin) {
  const struct run *run = run_of_tree(stat->pid, stat->group);
  if (run) {
    *origin = (struct origin){ORIGIN_RUN, run};
    return;
  }
  if (!origin->run) origin->run = run_of_mark(stat->mark);
  if (stat->parent == getpid()) origin->kin = origin->run ? ORIGIN_MARKED : ORIGIN_DESCENDANT;
}

/* An ancestor that has ended has left its children to another one: so it is begun anew. */
static bool climb(pid_t first, struct origin *origin) {
  struct proc_stat stat;
  pid_t pid = first;
  for (int i = 0; origin->kin == ORIGIN_NONE && i < ANCESTORS_MAX; i++) {
    if (pid <= 1 || pid == getpid()) break;
    errno = 0;
    bool seen = look_at(pid, &stat), hidden = errno == ENOENT || errno == EACCES || errno == EPERM;
    if (!seen && is_over(first)) return false;
    if (!seen && !is_over(pid)) return hidden; /* Else there is no descriptor or no memory left. */
    if (seen) take(&stat, origin);
    pid = seen ? stat.parent : first;
  }
  return true;
}

bool origin_of(pid_t pid, struct origin *origin) {
  *origin = (struct origin){ORIGIN_NONE, NULL};
  pid_t group = getpgid(pid);
  if (group < 0 && errno == ESRCH) return false;
  const struct run *run = run_of_tree(pid, group);
  if (run)
    *origin = (struct origin){ORIGIN_RUN, run};
  else if (proc_usable() && !climb(pid, origin))
    return false;
  if (origin->kin == ORIGIN_NONE) origin->run = NULL;
  return true;
}
