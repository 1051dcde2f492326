/* Watches every process of a run. A run is over when its leader, its process group and all that
 * left the group have ended.
 *
 * Group: after the leader is reaped, kill(-group, 0) shows whether members are left. The last
 * member is usually our orphan, so wait4 reports when to check again. A member that is the child of
 * another process is watched through a pidfd. A group that was once empty is never signalled again,
 * because its number may be reused.
 *
 * Escapees (setsid, double fork) are identified by the run's mark: a soft RLIMIT_RSS that is unique
 * to the run, which Linux does not enforce and which survives fork, exec and setsid. Or by descent,
 * which is lost when a parent ends: descendants of a leader without the mark (pam_limits resets it)
 * are therefore recorded before the leader is told to end. Escapees are signalled through pidfds,
 * which are safe against reuse of a pid.
 *
 * One scan of /proc (scan.c) serves all requests of a turn: stop signals to the rest of a tree,
 * KILL, and runs whose group is empty while we have unknown children. */
#define _GNU_SOURCE
#include "tree/tree.h"
#include "base/clock.h"
#include "engine/events.h"
#include "health/ready.h"
#include "output/pump.h"
#include "tree/children.h"
#include "tree/escapees.h"
#include "tree/proc.h"
#include "tree/runs.h"
#include "tree/scan.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RETRY_MS = 500 };

static bool usable, scan_wanted;
/* When to retry watching. */
static double retry_ms = INFINITY;
static uint64_t next_mark;

/* A random part, so that a pitcrew inside one of our daemons uses other marks; then a counter. */
void tree_init(void) {
  usable = proc_usable();
  if (usable) scan_init();
  uint32_t instance = 0;
  if (syscall(SYS_getrandom, &instance, sizeof instance, 0) < 0) instance = (uint32_t)getpid();
  next_mark = (1ull << 62) | (uint64_t)(instance & 0xffffff) << 32;
}

uint64_t tree_next_mark(void) { return ++next_mark; }

double tree_wake_ms(void) {
  if (runs_are_changed() || scan_is_running()) return 0;
  return scan_wanted ? scan_next_ms() : retry_ms;
}

static void request_scan(struct run *run) {
  if (!usable) return;
  run->scan_wanted = true;
  scan_wanted = true;
}

/* ---- signals */

static int stop_leader(struct run *run, int signal) {
  if (run->leader_ended) return ESRCH;
  if (run->leader_signal == signal) return 0;
  escapees_record(run);
  run->leader_signal = signal;
  return stop_pid(run->pid, signal);
}

/* Without the leader: the scan signals the members one by one. */
static void stop_group(struct run *run, int signal, bool with_leader) {
  if (run->group_empty) return;
  if (!with_leader && !run->leader_ended)
    run->rest_due = true;
  else if (stop_pid(-run->pid, signal) == ESRCH)
    runs_changed();
}

static int stop_tree(struct run *run, int signal, bool with_leader) {
  bool any = run_has_escapees(run);
  if (run->tree_signal != signal || signal == SIGKILL) {
    escapees_record(run);
    run->tree_signal = signal;
    run->order_due = true;
    escapees_stop(run, signal);
    /* Before its exec the leader may not have created its group yet. */
    if (run->start && !run->leader_ended) any |= stop_pid(run->pid, signal) == 0;
    stop_group(run, signal, with_leader);
  }
  request_scan(run);
  return any || !run->group_empty ? 0 : ESRCH;
}

int tree_stop(struct run *run, int signal, enum stop_target to) {
  return to == STOP_LEADER ? stop_leader(run, signal) : stop_tree(run, signal, to == STOP_TREE);
}

int tree_signal(struct run *run, int signal, bool whole_group) {
  if (!whole_group) return run->leader_ended ? ESRCH : kill(run->pid, signal) == 0 ? 0 : errno;
  if (signal == 0) request_scan(run);
  if (run->group_empty) return run_has_escapees(run) ? 0 : ESRCH;
  return kill(-run->pid, signal) == 0 ? 0 : errno;
}

/* ---- results of a scan */

static void add_group_member(struct run *run, const struct scanned *scanned) {
  run->group_living = true;
  if (run->rest_due) stop_scanned(scanned, run->tree_signal);
  /* wait4 reports our own children. */
  bool is_watched = run->leader_ended || run->tree_signal == SIGKILL;
  if (!is_watched || scanned->parent == getpid() || run_has_escapee(run, scanned->pid)) return;
  if (!escapee_watch(run, scanned->pid, scanned->start)) run->unwatched = true;
}

static void add_escapee(struct run *run, const struct scanned *scanned) {
  if (run_has_escapee(run, scanned->pid)) return;
  bool is_watched = escapee_watch(run, scanned->pid, scanned->start);
  if (!is_watched) run->unwatched = true;
  /* A process that is not watched is found by every scan. */
  if (run->tree_signal && (is_watched || run->order_due)) stop_scanned(scanned, run->tree_signal);
}

static void visit_scanned(const struct scanned *scanned) {
  struct run *run = scanned->run;
  if (scanned->kin == KIN_OURS && scanned->state != 'Z') unattributed_add(scanned);
  if (scanned->kin != KIN_RUN || !run->scan_due || scanned->state == 'Z') return;
  if (scanned->pid == run->pid && !run->leader_ended) return;
  if (!run->group_empty && scanned->group == run->pid)
    add_group_member(run, scanned);
  else if (run->tree_signal || run->leader_ended)
    add_escapee(run, scanned);
}

static void begin_scan(void) {
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    run->scan_due |= run->scan_wanted;
    run->scan_wanted = false;
    if (run->scan_due) run->group_living = run->unwatched = false;
  }
  scan_wanted = false;
}

static void end_scan(void) {
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (!run->scan_due) continue;
    run->scan_due = run->order_due = run->rest_due = false;
    if (run->unwatched) retry_ms = now_ms() + RETRY_MS;
    if (!run->leader_ended) continue;
    if (run->group_empty) /* A scan that began before the group was empty proves nothing. */
      run->gone = !run->scan_wanted && !run_has_escapees(run) && !run->unwatched;
    else if (!run->group_living) { /* A group with zombies only is over. */
      run->group_empty = true;
      runs_changed();
    }
  }
}

/* At most one scan per turn. Requests during a scan get the next one. */
static bool scan(void) {
  if (!scan_is_running()) {
    if (!scan_wanted || now_ms() < scan_next_ms()) return false;
    begin_scan();
  }
  bool is_complete = scan_turn(visit_scanned);
  if (is_complete)
    end_scan();
  else if (!scan_is_running())
    scan_wanted = true; /* It failed: repeat it. */
  return is_complete;
}

/* ---- the end of a run */

static bool awaits_scan(const struct run *run) {
  return run->group_empty && !run->gone && !run_has_escapees(run) &&
         (run->scan_wanted || run->scan_due);
}

static void report(struct run *run) {
  /* Report the last lines before the end, both the leader's and its descendants', and the last
   * messages on other channels. */
  if (run->pipe) pump_drain(run->pipe);
  channels_drain(run);
  if (!run->exit_reported) {
    run->exit_reported = true;
    event_exited(run);
  } else {
    event_gone(run);
  }
  run->gone_reported = run->gone;
}

void tree_release(struct run *run) {
  escapees_release(run);
  if (run->pipe) pump_disown(run->pipe);
  channels_close(run);
  run_remove(run);
}

/* Finds runs that are over, or that need a scan. */
static void find_ends(void) {
  bool any_empty = false;
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (!run->leader_ended || run->gone) continue;
    if (!run->group_empty) run->group_empty = kill(-run->pid, 0) != 0 && errno == ESRCH;
    any_empty |= run->group_empty && !run_has_escapees(run);
  }
  if (!any_empty) return;
  bool is_simple = !usable || !children_orphaned();
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (!run->leader_ended || run->gone || !run->group_empty || run_has_escapees(run)) continue;
    if (is_simple)
      run->gone = true;
    else
      request_scan(run);
  }
}

static void retry_unwatched(void) {
  if (now_ms() < retry_ms) return;
  retry_ms = INFINITY;
  for (size_t i = 0; i < runs_count(); i++)
    if (runs_at(i)->unwatched) request_scan(runs_at(i));
}

void tree_turn(void) {
  retry_unwatched();
  if (runs_take_changed()) find_ends();
  bool is_scanned = scan();
  /* Reporting calls the policy, which may spawn: the table may grow meanwhile. Entries are only
   * removed here. */
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (!run->leader_ended || awaits_scan(run)) continue;
    if (!run->exit_reported || (run->gone && !run->gone_reported)) report(run);
  }
  if (is_scanned) unattributed_report();
  for (size_t i = runs_count(); i > 0; i--)
    if (runs_at(i - 1)->gone_reported) tree_release(runs_at(i - 1));
}

/* ---- members */

struct listing {
  struct run *run;
  pid_t *pids;
  size_t count, max;
};

static bool visit_listed(const struct proc_stat *stat, void *context) {
  struct listing *listing = context;
  bool in_group = !listing->run->group_empty && stat->group == listing->run->pid;
  bool marked = listing->run->mark && stat->mark == listing->run->mark;
  bool is_of_it = in_group || marked || run_has_escapee(listing->run, stat->pid);
  if (stat->state != 'Z' && is_of_it) listing->pids[listing->count++] = stat->pid;
  return listing->count < listing->max;
}

size_t tree_members(struct run *run, pid_t *pids, size_t max) {
  struct listing listing = {run, pids, 0, max};
  if (max > 0) proc_each(visit_listed, &listing);
  return listing.count;
}
