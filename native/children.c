/* Our own children: leaders, helpers, and every orphan whose ancestors were ours.
 *
 * At the end nothing that descends from us may survive. The kernel sees to that for PID 1;
 * elsewhere our children are killed until there are none: when one has ended, its children are
 * ours. Their numbers are safe, since nothing but us reaps them. */
#define _GNU_SOURCE
#include "helper.h"
#include "host.h"
#include "proc.h"
#include "tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HEIRS_MAX = 64, ROUNDS_MAX = 200, ROUND_MS = 1 };

/* Children that we had when we began. */
static pid_t heirs[HEIRS_MAX];
static size_t heir_count;
static bool usable, end_with_us;

static void add_heir(pid_t child, void *context) {
  (void)context;
  if (heir_count < HEIRS_MAX) heirs[heir_count++] = child;
}

void children_init(bool all_end_with_us) {
  usable = proc_usable();
  end_with_us = all_end_with_us && getpid() != 1;
  if (!usable) return;
  proc_init();
  proc_each_own_child(add_heir, NULL);
}

void children_reaped(pid_t pid) {
  for (size_t i = heir_count; i > 0; i--)
    if (heirs[i - 1] == pid) heirs[i - 1] = heirs[--heir_count];
}

bool children_are_own(pid_t child) {
  for (size_t i = 0; i < heir_count; i++)
    if (heirs[i] == child) return true;
  return helper_is(child);
}

static void count_orphan(pid_t child, void *orphans) {
  *(int64_t *)orphans += !children_are_own(child);
}

bool children_orphaned(void) {
  int64_t orphans = 0;
  bool listed = proc_each_own_child(count_orphan, &orphans);
  return !listed || orphans > (int64_t)runs_with_leader();
}

static void end_child(pid_t child, void *left) {
  if (children_are_own(child)) return;
  kill(child, SIGKILL);
  *(bool *)left = true;
}

static bool end_round(void) {
  bool left = false;
  if (usable && proc_each_own_child(end_child, &left)) return !left;
  return runs_with_leader() == 0;
}

bool children_end(void) { return !end_with_us || end_round(); }

void children_kill(void) {
  for (int round = 0; round < ROUNDS_MAX && !end_round(); round++) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    nanosleep(&(struct timespec){.tv_nsec = ROUND_MS * 1000000}, NULL);
  }
}
