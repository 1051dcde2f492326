/* The run that a process belongs to: by group, by the list of escapees, or by descent from such a
 * process, since a supervisor inside a daemon gives its children groups and marks of its own. A
 * process that lost all of these still descends from us. Then its mark names the run, which is weak
 * evidence, because any process can set it.
 *
 * Processes that a container engine starts beside us (docker exec) have parents outside of our PID
 * namespace. */
#define _GNU_SOURCE
#include "tree/origin.h"
#include "tree/proc.h"
#include "tree/runs.h"

#include <errno.h>
#include <unistd.h>

enum { ANCESTORS_MAX = 64 };

static const struct run *run_by_group(pid_t pid, pid_t group) {
  for (size_t i = 0; i < runs_count(); i++) {
    const struct run *run = runs_at(i);
    if (run->gone) continue;
    if ((!run->group_empty && run->pid == group) || run_has_escapee(run, pid)) return run;
  }
  return NULL;
}

static const struct run *run_by_mark(uint64_t mark) {
  for (size_t i = 0; mark && i < runs_count(); i++)
    if (!runs_at(i)->gone && runs_at(i)->mark == mark) return runs_at(i);
  return NULL;
}

static bool has_ended(pid_t pid) { return getpgid(pid) < 0 && errno == ESRCH; }

/* For a process that is being reaped, /proc shows the group -1 and no mark. */
static bool read_stat(pid_t pid, struct proc_stat *stat) {
  return proc_stat(pid, stat) && stat->group >= 0;
}

/* Classifies by one ancestor. */
static void classify(const struct proc_stat *stat, struct origin *origin) {
  const struct run *run = run_by_group(stat->pid, stat->group);
  if (run) {
    *origin = (struct origin){ORIGIN_RUN, run};
    return;
  }
  if (!origin->run) origin->run = run_by_mark(stat->mark);
  if (stat->parent == getpid()) origin->kin = origin->run ? ORIGIN_MARKED : ORIGIN_DESCENDANT;
}

/* When an ancestor ends, its children get another parent: start again. */
static bool walk_ancestors(pid_t first, struct origin *origin) {
  struct proc_stat stat;
  pid_t pid = first;
  for (int i = 0; origin->kin == ORIGIN_NONE && i < ANCESTORS_MAX; i++) {
    if (pid <= 1 || pid == getpid()) break;
    errno = 0;
    bool scanned = read_stat(pid, &stat),
         hidden = errno == ENOENT || errno == EACCES || errno == EPERM;
    if (!scanned && has_ended(first)) return false;
    if (!scanned && !has_ended(pid)) return hidden; /* Otherwise no descriptor or memory is left. */
    if (scanned) classify(&stat, origin);
    pid = scanned ? stat.parent : first;
  }
  return true;
}

bool origin_of(pid_t pid, struct origin *origin) {
  *origin = (struct origin){ORIGIN_NONE, NULL};
  pid_t group = getpgid(pid);
  if (group < 0 && errno == ESRCH) return false;
  const struct run *run = run_by_group(pid, group);
  if (run)
    *origin = (struct origin){ORIGIN_RUN, run};
  else if (proc_usable() && !walk_ancestors(pid, origin))
    return false;
  if (origin->kin == ORIGIN_NONE) origin->run = NULL;
  return true;
}
