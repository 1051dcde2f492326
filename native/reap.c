/* All children are ours, so one wait4(-1) loop owns every pid: leaders of runs, helpers, and every
 * orphan of the container. What an end means is told by tree.c, which knows whether something of
 * the run is left. */
#define _GNU_SOURCE
#include "helper.h"
#include "host.h"
#include "start.h"
#include "tree.h"

#include <sys/wait.h>

/* Returns true when there may be more: daemons that die and are started again at once must not keep
 * signals and timers from being served. */
bool reap_batch(void) {
  for (int i = 0; i < BATCH_MAX; i++) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage);
    if (pid <= 0) return false;
    struct run *run = run_of_pid(pid);
    if (!WIFSTOPPED(status)) children_reaped(pid);
    if (WIFSTOPPED(status)) {
      if (run && run->inherit) event_stopped(run, WSTOPSIG(status));
      continue;
    }
    if (run) {
      start_leader_ended(run, status);
      run_leader_gone(run, status, &usage);
    } else if (helper_reaped(pid, status)) {
      continue;
    }
    tree_changed();
  }
  return true;
}
