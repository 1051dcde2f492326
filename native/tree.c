/* A run is more than its leader: the leader's process group, and what left that group. The run is
 * over when all of it is gone.
 *
 * The group: after the leader is reaped, kill(-group, 0) tells whether anybody is left. The last
 * member is usually our orphan, so that wait4 tells when to look again. A member that is somebody
 * else's child is watched through a pidfd, from the second signal to the tree on. A group once seen
 * empty is never signalled again: its number may belong to a stranger.
 *
 * What left the group (setsid, double fork): when the group is empty, every such process is, or
 * descends from, an orphan of ours. So one look at our own children tells whether there is any;
 * only then is /proc read whole. They are known by their mark, a soft RLIMIT_RSS of their own,
 * which Linux does not enforce and which crosses fork, exec and setsid. They are signalled through
 * pidfds, which cannot hit a stranger. */
#define _GNU_SOURCE
#include "aside.h"
#include "host.h"
#include "proc.h"
#include "ready.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STRAYS_MAX = 4096 };

static bool usable, wanted;
static uint64_t next_mark;

/* A number that another pitcrew, inside a daemon of ours, will not use, too; then a counter. */
void tree_init(void) {
  usable = proc_usable();
  uint32_t instance = 0;
  if (syscall(SYS_getrandom, &instance, sizeof instance, 0) < 0) instance = (uint32_t)getpid();
  next_mark = (1ull << 62) | (uint64_t)(instance & 0xffffff) << 32;
}

uint64_t tree_next_mark(void) { return ++next_mark; }

static bool is_mark(uint64_t mark) { return mark >> 32 == next_mark >> 32; }

bool tree_check_wanted(void) { return wanted; }

void tree_changed(void) { wanted = true; }

/* A stopped process sees a signal only when it is continued; one that is to stop must not be. */
static bool wants_continue(int signal) {
  bool stops = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  return signal != 0 && signal != SIGKILL && signal != SIGCONT && !stops;
}

static int pidfd_open_(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static int pidfd_signal(int fd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
}

static bool signal_stray(const struct stray *stray, int signal) {
  if (pidfd_signal(stray->pidfd, signal) != 0) return false;
  if (wants_continue(signal)) pidfd_signal(stray->pidfd, SIGCONT);
  return true;
}

static bool has_stray(const struct run *run, pid_t pid) {
  for (const struct stray *s = run->strays; s; s = s->next)
    if (s->pid == pid) return true;
  return false;
}

/* Watches a process of the run until it ends; the pidfd is opened first and the mark read again
 * behind it, so that a number used again in between is noticed. */
static void watch_stray(struct run *run, pid_t pid, bool in_group) {
  if (has_stray(run, pid)) return;
  int fd = pidfd_open_(pid);
  struct proc_stat again;
  bool ours = proc_stat(pid, &again) && again.state != 'Z' &&
              (in_group ? again.group == run->pid : again.mark == run->mark);
  struct stray *stray = fd >= 0 && ours ? calloc(1, sizeof *stray) : NULL;
  if (!stray) {
    if (fd >= 0) close(fd);
    return;
  }
  *stray = (struct stray){.watch = {WATCH_STRAY},
                          .run = run,
                          .pid = pid,
                          .pidfd = fd,
                          .in_group = in_group,
                          .next = run->strays};
  run->strays = stray;
  loop_watch(fd, EPOLLIN, &stray->watch);
  if (!in_group && run->tree_signal) signal_stray(stray, run->tree_signal);
}

void tree_stray_ready(struct stray *stray) {
  if (stray->pidfd < 0) return;
  loop_unwatch(stray->pidfd);
  close(stray->pidfd);
  stray->pidfd = -1;
  stray->pid = 0;
  tree_changed();
}

struct search {
  struct run *run;
  int found;
  bool living;
};

/* A run whose group is empty, or everybody in it would be taken for a stray. */
static struct run *searched_run_of_mark(uint64_t mark) {
  for (size_t i = 0; mark && i < runs_count(); i++)
    if (runs_at(i)->mark == mark)
      return runs_at(i)->group_empty && !runs_at(i)->gone ? runs_at(i) : NULL;
  return NULL;
}

static bool visit_marked(const struct proc_stat *stat, void *found) {
  struct run *run =
      stat->state == 'Z' || !is_mark(stat->mark) ? NULL : searched_run_of_mark(stat->mark);
  if (run) watch_stray(run, stat->pid, false);
  return !run || ++*(int *)found < STRAYS_MAX;
}

static bool visit_member(const struct proc_stat *stat, void *context) {
  struct search *search = context;
  if (stat->group != search->run->pid || stat->state == 'Z') return true;
  search->living = true;
  /* Our own children are told by wait4. */
  if (stat->parent != getpid()) watch_stray(search->run, stat->pid, true);
  return ++search->found < STRAYS_MAX;
}

/* Watches the members of the group that wait4 will not tell about; a group of nothing but zombies
 * is gone. */
static void look_into_group(struct run *run) {
  if (!usable) return;
  struct search search = {.run = run};
  proc_each(visit_member, &search);
  if (!search.living && run->leader_gone) {
    run->group_empty = true;
    tree_changed();
  }
}

static int signal_pid(pid_t pid, int signal) {
  if (kill(pid, signal) != 0) return errno;
  if (wants_continue(signal)) kill(pid, SIGCONT);
  return 0;
}

int tree_signal(struct run *run, int signal, bool whole_tree) {
  if (!whole_tree) return run->leader_gone ? ESRCH : signal_pid(run->pid, signal);
  if (run->tree_signal && !run->group_empty) look_into_group(run);
  if (signal) run->tree_signal = signal;
  bool anybody = false;
  if (!run->group_empty) {
    int error = signal_pid(-run->pid, signal);
    if (error == ESRCH)
      tree_changed();
    else
      anybody = true;
  }
  for (struct stray *s = run->strays; s; s = s->next)
    if (s->pidfd >= 0 && !s->in_group && signal_stray(s, signal)) anybody = true;
  return anybody ? 0 : ESRCH;
}

static bool living_strays(const struct run *run) {
  for (const struct stray *s = run->strays; s; s = s->next)
    if (s->pidfd >= 0) return true;
  return false;
}

/* True when we have children that are neither leaders nor our own: only then can anything have left
 * its group. */
static bool any_orphans(void) {
  int64_t children = proc_count_children();
  size_t known = runs_with_leader() + aside_child() + helper_child();
  return children < 0 || children > (int64_t)known;
}

static void tell(struct run *run) {
  /* The last lines come before the word of its end: the leader's, and those of what it left. So
   * does what they said by other channels. */
  if (run->pipe) pump_drain(run->pipe);
  channels_drain(run);
  if (!run->exit_told) {
    run->exit_told = true;
    event_exited(run);
  } else {
    event_gone(run);
  }
  run->gone_told = run->gone;
}

/* After children ended: which runs are over? At most one look at our children, and at most one at
 * all processes, for all runs together. */
void tree_check(void) {
  wanted = false;
  bool any_empty = false;
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (!run->leader_gone || run->gone) continue;
    if (!run->group_empty) run->group_empty = kill(-run->pid, 0) != 0 && errno == ESRCH;
    any_empty |= run->group_empty && !living_strays(run);
  }
  int found = 0;
  if (usable && any_empty && any_orphans()) proc_each(visit_marked, &found);
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (run->leader_gone && run->group_empty && !living_strays(run)) run->gone = true;
  }
  /* Telling calls the policy, which may spawn: the table may grow behind us, and entries only go
   * here. */
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (run->leader_gone && (!run->exit_told || (run->gone && !run->gone_told))) tell(run);
  }
  for (size_t i = runs_count(); i > 0; i--)
    if (runs_at(i - 1)->gone_told) run_remove(runs_at(i - 1));
}

int tree_has(const struct run *run, pid_t pid) {
  if (!run->group_empty && getpgid(pid) == run->pid) return 1;
  struct proc_stat stat;
  if (usable && proc_stat(pid, &stat)) return run->mark && stat.mark == run->mark;
  return kill(pid, 0) != 0 && errno == ESRCH ? -1 : 0;
}

struct listing {
  struct run *run;
  pid_t *pids;
  size_t count, max;
};

static bool visit_listed(const struct proc_stat *stat, void *context) {
  struct listing *listing = context;
  bool in_group = !listing->run->group_empty && stat->group == listing->run->pid;
  bool marked = listing->run->mark && stat->mark == listing->run->mark;
  if (stat->state != 'Z' && (in_group || marked)) listing->pids[listing->count++] = stat->pid;
  return listing->count < listing->max;
}

size_t tree_members(struct run *run, pid_t *pids, size_t max) {
  struct listing listing = {run, pids, 0, max};
  if (usable && max > 0) proc_each(visit_listed, &listing);
  return listing.count;
}
