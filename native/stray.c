/* What is watched of a run through pidfds: what left its group, what could not be told to be of it
 * when its parents end, and members of the group that are not our children. A pidfd cannot hit a
 * stranger. */
#define _GNU_SOURCE
#include "tree.h"
#include "scan.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCENDANTS_MAX = 1024 };

/* ---- signals */

/* A stopped process sees a signal only when it is continued; one that is to stop must not be. */
static bool wants_continue(int signal) {
  bool stops = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  return signal != 0 && signal != SIGKILL && signal != SIGCONT && !stops;
}

static int pidfd_open_(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static int pidfd_signal(int fd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
}

static bool stop_pidfd(int pidfd, int signal) {
  if (pidfd_signal(pidfd, signal) != 0) return false;
  if (wants_continue(signal)) pidfd_signal(pidfd, SIGCONT);
  return true;
}

int stop_pid(pid_t pid, int signal) {
  if (kill(pid, signal) != 0) return errno;
  if (wants_continue(signal)) kill(pid, SIGCONT);
  return 0;
}

/* The process that was seen is there, and its number is not that of another one. */
static bool is_same(pid_t pid, uint64_t start) {
  struct proc_stat again;
  return proc_stat(pid, &again) && again.start == start && again.state != 'Z';
}

/* Where there is no pidfd, only our own children can be signalled: their numbers are not free
 * before we reap them. */
void stop_seen(const struct seen *seen, int signal) {
  int fd = pidfd_open_(seen->pid);
  if (fd >= 0) {
    if (is_same(seen->pid, seen->start)) stop_pidfd(fd, signal);
    close(fd);
  } else if (seen->parent == getpid() && is_same(seen->pid, seen->start)) {
    stop_pid(seen->pid, signal);
  }
}

/* ---- strays */

bool stray_exists(const struct run *run, pid_t pid) {
  for (const struct stray *s = run->strays; s; s = s->next)
    if (s->pid == pid) return true;
  return false;
}

bool strays_live(const struct run *run) {
  for (const struct stray *s = run->strays; s; s = s->next)
    if (s->pid) return true;
  return false;
}

bool stray_watch(struct run *run, pid_t pid, uint64_t start) {
  int fd = pidfd_open_(pid);
  if (!is_same(pid, start)) {
    if (fd >= 0) close(fd);
    return true;
  }
  struct stray *stray = fd >= 0 ? calloc(1, sizeof *stray) : NULL;
  if (stray) {
    *stray = (struct stray){{WATCH_STRAY}, run, pid, fd, run->strays};
    if (loop_watch(fd, EPOLLIN, &stray->watch)) {
      run->strays = stray;
      return true;
    }
  }
  free(stray);
  if (fd >= 0) close(fd);
  return false;
}

void stray_ready(struct stray *stray) {
  if (!stray->pid) return;
  loop_unwatch(stray->pidfd);
  close(stray->pidfd);
  stray->pidfd = -1;
  stray->pid = 0;
  tree_changed();
}

static bool is_in_group(const struct run *run, pid_t pid) {
  return !run->group_empty && getpgid(pid) == run->pid;
}

/* Those in the group are reached with it. */
void strays_stop(const struct run *run, int signal) {
  for (const struct stray *s = run->strays; s; s = s->next)
    if (s->pid && !is_in_group(run, s->pid)) stop_pidfd(s->pidfd, signal);
}

struct descent {
  const struct run *run;
  pid_t pids[DESCENDANTS_MAX];
  size_t count;
};

static void add_descendant(pid_t pid, void *context) {
  struct descent *descent = context;
  if (descent->count < DESCENDANTS_MAX) descent->pids[descent->count++] = pid;
}

/* What has the mark is found without its parents. In a shutdown everything ends, whosever it is. */
void strays_remember(struct run *run) {
  if (run->leader_gone || last_word_runs()) return;
  static struct descent descent;
  descent.count = 0;
  proc_each_child(run->pid, add_descendant, &descent);
  for (size_t i = 0; i < descent.count; i++) {
    struct proc_stat stat;
    if (!proc_stat(descent.pids[i], &stat) || stat.state == 'Z') continue;
    if (!(run->mark && stat.mark == run->mark) && !stray_exists(run, stat.pid))
      stray_watch(run, stat.pid, stat.start);
    proc_each_child(stat.pid, add_descendant, &descent);
  }
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
  bool is_of_it = in_group || marked || stray_exists(listing->run, stat->pid);
  if (stat->state != 'Z' && is_of_it) listing->pids[listing->count++] = stat->pid;
  return listing->count < listing->max;
}

size_t tree_members(struct run *run, pid_t *pids, size_t max) {
  struct listing listing = {run, pids, 0, max};
  if (max > 0) proc_each(visit_listed, &listing);
  return listing.count;
}
