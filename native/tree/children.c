/* Our children: leaders, helpers, and every orphan that descends from us.
 *
 * At the end nothing that descends from us may survive. For PID 1 the kernel ensures that.
 * Otherwise our children are killed until there are none: when a child ends, its children become
 * ours. Their pids are safe, since only we reap them. */
#define _GNU_SOURCE
#include "tree/children.h"
#include "base/limits.h"
#include "engine/events.h"
#include "helper/helper.h"
#include "helper/watcher.h"
#include "process/start.h"
#include "tree/proc.h"
#include "tree/runs.h"
#include "tree/scan.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INHERITED_MAX = 64, ROUNDS_MAX = 200, ROUND_MS = 1 };

/* Children that existed when we began. */
static pid_t inherited[INHERITED_MAX];
static size_t inherited_count;
static bool usable, end_with_us;

static void add_inherited(pid_t child, void *context) {
  (void)context;
  if (inherited_count < INHERITED_MAX) inherited[inherited_count++] = child;
}

void children_init(bool all_end_with_us) {
  usable = proc_usable();
  end_with_us = all_end_with_us && getpid() != 1;
  if (!usable) return;
  proc_init();
  proc_each_own_child(add_inherited, NULL);
}

static void remove_inherited(pid_t pid) {
  for (size_t i = inherited_count; i > 0; i--)
    if (inherited[i - 1] == pid) inherited[i - 1] = inherited[--inherited_count];
}

static bool is_expected(pid_t child) {
  for (size_t i = 0; i < inherited_count; i++)
    if (inherited[i] == child) return true;
  return helper_is(child) || (watcher_children > 0 && watcher_is(child));
}

/* ---- reaping
 *
 * One wait4(-1) loop handles every pid: leaders of runs, helpers, and every orphan. tree.c finds
 * out whether anything of the run is left. */

/* True: there may be more. A batch is bounded, so that daemons that die and restart at once cannot
 * delay signals and timers. */
bool children_reap(void) {
  for (int i = 0; i < BATCH_MAX; i++) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage);
    if (pid <= 0) return false;
    struct run *run = run_of_pid(pid);
    if (!WIFSTOPPED(status)) remove_inherited(pid);
    if (WIFSTOPPED(status)) {
      if (run && run->inherits_stdio) event_stopped(run, WSTOPSIG(status));
      continue;
    }
    if (run) {
      start_leader_ended(run, status);
      run_set_leader_ended(run, status, &usage);
    } else if (helper_reaped(pid, status) ||
               (watcher_children > 0 && watcher_reaped(pid, status))) {
      continue;
    }
    runs_changed();
  }
  return true;
}

/* ---- orphans */

static void count_orphan(pid_t child, void *orphans) { *(int64_t *)orphans += !is_expected(child); }

bool children_orphaned(void) {
  int64_t orphans = 0;
  bool listed = proc_each_own_child(count_orphan, &orphans);
  return !listed || orphans > (int64_t)runs_with_leader();
}

/* ---- killing all of them */

static void kill_child(pid_t child, void *left) {
  if (is_expected(child)) return;
  kill(child, SIGKILL);
  *(bool *)left = true;
}

static bool kill_round(void) {
  bool left = false;
  if (usable && proc_each_own_child(kill_child, &left)) return !left;
  return runs_with_leader() == 0;
}

bool children_kill_all(void) { return !end_with_us || kill_round(); }

void children_kill_in_handler(void) {
  for (int round = 0; round < ROUNDS_MAX && !kill_round(); round++) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    nanosleep(&(struct timespec){.tv_nsec = ROUND_MS * 1000000}, NULL);
  }
}

/* ---- descendants that belong to no known run: each is reported once */

enum { KNOWN_MAX = 64, REPORTED_MAX = 16 };

static struct known {
  pid_t pid;
  uint64_t start;
  bool is_there;
} known[KNOWN_MAX];
static size_t known_count;
static pid_t fresh[REPORTED_MAX];
static size_t fresh_count;

void unattributed_add(const struct scanned *scanned) {
  for (size_t i = 0; i < known_count; i++) {
    if (known[i].pid != scanned->pid || known[i].start != scanned->start) continue;
    known[i].is_there = true;
    return;
  }
  if (known_count == KNOWN_MAX || fresh_count == REPORTED_MAX || is_expected(scanned->pid)) return;
  known[known_count++] = (struct known){scanned->pid, scanned->start, true};
  fresh[fresh_count++] = scanned->pid;
}

void unattributed_report(void) {
  for (size_t i = known_count; i > 0; i--) {
    if (!known[i - 1].is_there) known[i - 1] = known[--known_count];
  }
  for (size_t i = 0; i < known_count; i++) known[i].is_there = false;
  size_t reported = fresh_count;
  fresh_count = 0;
  if (reported > 0) event_unattributed(fresh, reported);
}
