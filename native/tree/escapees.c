/* Processes of a run that are watched through pidfds, which are safe against reuse of a pid: those
 * that left its group, those that could not be attributed to it after their parents end, and
 * members of the group that are not our children. */
#define _GNU_SOURCE
#include "tree/escapees.h"
#include "loop/shutdown_watchdog.h"
#include "tree/proc.h"
#include "tree/runs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCENDANTS_MAX = 1024 };

/* ---- signals */

/* A stopped process handles a signal only after CONT. Do not send CONT with a signal that stops. */
static bool needs_continue(int signal) {
  bool stops = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  return signal != 0 && signal != SIGKILL && signal != SIGCONT && !stops;
}

static int open_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static int pidfd_signal(int fd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
}

static bool stop_pidfd(int pidfd, int signal) {
  if (pidfd_signal(pidfd, signal) != 0) return false;
  if (needs_continue(signal)) pidfd_signal(pidfd, SIGCONT);
  return true;
}

int stop_pid(pid_t pid, int signal) {
  if (kill(pid, signal) != 0) return errno;
  if (needs_continue(signal)) kill(pid, SIGCONT);
  return 0;
}

/* The pid still names the process that was scanned. */
static bool is_same_process(pid_t pid, uint64_t start) {
  struct proc_stat again;
  return proc_stat(pid, &again) && again.start == start && again.state != 'Z';
}

/* Without a pidfd only our own children can be signalled: their pids are not reused before we reap
 * them. */
void stop_scanned(const struct scanned *scanned, int signal) {
  int fd = open_pidfd(scanned->pid);
  if (fd >= 0) {
    if (is_same_process(scanned->pid, scanned->start)) stop_pidfd(fd, signal);
    close(fd);
  } else if (scanned->parent == getpid() && is_same_process(scanned->pid, scanned->start)) {
    stop_pid(scanned->pid, signal);
  }
}

/* ---- escapees */

bool escapee_watch(struct run *run, pid_t pid, uint64_t start) {
  int fd = open_pidfd(pid);
  if (!is_same_process(pid, start)) {
    if (fd >= 0) close(fd);
    return true;
  }
  struct escapee *escapee = fd >= 0 ? calloc(1, sizeof *escapee) : NULL;
  if (escapee) {
    *escapee = (struct escapee){{WATCH_ESCAPEE}, run, pid, fd, run->escapees};
    if (loop_watch(fd, EPOLLIN, &escapee->watch)) {
      run->escapees = escapee;
      return true;
    }
  }
  free(escapee);
  if (fd >= 0) close(fd);
  return false;
}

void escapee_ended(struct escapee *escapee) {
  if (!escapee->pid) return;
  loop_unwatch(escapee->pidfd);
  close(escapee->pidfd);
  escapee->pidfd = -1;
  escapee->pid = 0;
  runs_changed();
}

static bool is_in_group(const struct run *run, pid_t pid) {
  return !run->group_empty && getpgid(pid) == run->pid;
}

/* The others are signalled with their group. */
void escapees_stop(const struct run *run, int signal) {
  for (const struct escapee *e = run->escapees; e; e = e->next)
    if (e->pid && !is_in_group(run, e->pid)) stop_pidfd(e->pidfd, signal);
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

/* A process with the mark is found without its parents. In a shutdown everything ends anyway. */
void escapees_record(struct run *run) {
  if (run->leader_ended || shutdown_watchdog_is_running()) return;
  static struct descent descent;
  descent.count = 0;
  proc_each_child(run->pid, add_descendant, &descent);
  for (size_t i = 0; i < descent.count; i++) {
    struct proc_stat stat;
    if (!proc_stat(descent.pids[i], &stat) || stat.state == 'Z') continue;
    if (!(run->mark && stat.mark == run->mark) && !run_has_escapee(run, stat.pid))
      escapee_watch(run, stat.pid, stat.start);
    proc_each_child(stat.pid, add_descendant, &descent);
  }
}

void escapees_release(struct run *run) {
  for (struct escapee *e = run->escapees, *next; e; e = next) {
    next = e->next;
    if (e->pid) {
      loop_unwatch(e->pidfd);
      close(e->pidfd);
    }
    free(e);
  }
  run->escapees = NULL;
}
