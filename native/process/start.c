/* Starts in progress. clone(VM) without VFORK: the parent waits on a futex that the kernel clears
 * when the child executes its program or ends (CLONE_CHILD_CLEARTID), so it can stop waiting. What
 * a stalled child uses is not reused before that. */
#define _GNU_SOURCE
#include "process/start.h"
#include "base/clock.h"
#include "engine/events.h"
#include "loop/loop.h"
#include "process/descriptors.h"
#include "tree/proc.h"
#include "tree/runs.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  WAIT_MS = 50, /* for one child; the loop is blocked for that time */
  WAIT_MS_MIN = 2,
  LIMIT_MS = 5000,    /* then a stalled child is killed */
  PENDING_MAX = 1024, /* starts in progress */
  CHECK_MS_MIN = 10,  /* between two checks */
  CHECK_MS_MAX = 1000,
};

static struct start first; /* used by nearly all starts */
static struct start *spare = &first;
static struct start *pending;
static int pending_count;
static double check_ms = INFINITY;
static int dumpable;
static uid_t own_uid;
#ifdef PLAIN_CLONE /* valgrind knows no other */
static int vfork_flag = CLONE_VFORK;
#else
static int vfork_flag; /* set where nothing else works, as in an emulator of another processor */
#endif

void starts_init(void) {
  dumpable = prctl(PR_GET_DUMPABLE);
  own_uid = getuid();
}

struct start *start_new(void) {
  if (pending_count == PENDING_MAX) {
    errno = EAGAIN;
    return NULL;
  }
  struct start *start = spare;
  spare = NULL;
  if (!start) {
    void *memory =
        mmap(NULL, sizeof *start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    start = memory;
  }
  memset(start, 0, offsetof(struct start, identity));
  return start;
}

uid_t start_uid(const struct start *start) {
  const uid_t unknown = (uid_t)-1;
  if (!start->spec.user || start->child.is_own_user) return own_uid;
  return start->child.has_changed_user ? (uid_t)start->identity.uid : unknown;
}

/* The child does not use our memory and descriptors any more. A change of user in a child that
 * shares our memory makes us undumpable. */
static void release_child(struct start *start) {
  if (start->child.has_changed_user) prctl(PR_SET_DUMPABLE, dumpable);
  if (start->has_lent_files) child_ends_take_back(&start->child.ends);
}

void start_release(struct start *start) {
  for (struct start **at = &pending; start->is_pending && *at; at = &(*at)->next) {
    if (*at != start) continue;
    *at = start->next;
    pending_count--;
    break;
  }
  if (start->run) start->run->start = NULL;
  release_child(start);
  identity_release(&start->identity);
  arena_free(&start->arena);
  if (!spare || start == &first) {
    struct start *other = spare;
    spare = start;
    start = other;
  }
  if (start) munmap(start, sizeof *start);
}

/* The more children stall, the shorter is the wait for the next one. */
static double wait_ms(void) { return fmax(WAIT_MS_MIN, WAIT_MS / (1.0 + pending_count)); }

static void add_pending(struct start *start) {
  start->is_pending = true;
  start->next = pending;
  pending = start;
  pending_count++;
  check_ms = fmin(check_ms, now_ms() + CHECK_MS_MIN);
}

static struct timespec timespec_of(double ms) {
  return (struct timespec){(time_t)(ms / 1e3), (long)(fmod(ms, 1e3) * 1e6)};
}

/* Until the child no longer uses our memory, or the time is up. */
static void wait_on_futex(struct start *start) {
  const int wait_bitset = 9; /* FUTEX_WAIT_BITSET: until a time, not for one. Not private, since
                                the kernel's own wake is not. */
  struct timespec until = timespec_of(start->since_ms + wait_ms());
  while (start->uses_memory)
    if (syscall(SYS_futex, &start->uses_memory, wait_bitset, 1, &until, NULL, ~0u) != 0 &&
        errno == ETIMEDOUT)
      return;
}

/* A failed child becomes a zombie at once, unless it is traced. */
static bool reap_failed(const struct start *start) {
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  for (;;) {
    if (waitpid(start->pid, NULL, WNOHANG) != 0) return true;
    double left = start->since_ms + wait_ms() - now_ms();
    if (left <= 0) return false;
    /* This consumes the signal, which may be for the loop. */
    struct timespec in = timespec_of(left);
    sigtimedwait(&child_signal, NULL, &in);
    loop_reap_soon();
  }
}

static pid_t clone_child(struct start *start, int (*run)(void *), int flags, void *argument) {
  char *top = start->stack + sizeof start->stack;
  return clone(run, top, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | vfork_flag | flags, argument,
               NULL, NULL, &start->uses_memory);
}

pid_t start_child(struct start *start, int (*run)(void *), int more_flags, void *argument) {
  start->since_ms = now_ms();
  start->uses_memory = 1;
  start->pid = clone_child(start, run, more_flags, argument);
  if (start->pid < 0 && errno == EINVAL && !vfork_flag) {
    vfork_flag = CLONE_VFORK;
    start->pid = clone_child(start, run, more_flags, argument);
  }
  if (start->pid < 0) return -1;
  if (vfork_flag)
    start->uses_memory = 0;
  else
    wait_on_futex(start);
  if (start->uses_memory || (start->child.failed_step && !reap_failed(start))) add_pending(start);
  return start->pid;
}

static void report_executed(struct start *start) {
  struct run *run = start->run;
  if (run) run->uid = start_uid(start);
  start_release(start);
  if (run) event_executed(run);
}

void start_leader_ended(struct run *run, int wait_status) {
  struct start *start = run->start;
  if (!start) return;
  const struct child *child = &start->child;
  if (child->failed_step)
    run->failure = (struct spawn_failure){child->failed_step, child->error};
  else if (start->is_timed_out)
    run->failure = (struct spawn_failure){child->current_step, ETIMEDOUT};
  else if (WIFEXITED(wait_status))
    return report_executed(start); /* A child that failed has set its step. */
  start_release(start);
}

/* The child has no children yet. While it uses our memory it was not reaped, so its pid is valid.
 */
static void kill_if_late(struct start *start) {
  if (!start->is_limited || start->is_timed_out || !start->uses_memory) return;
  if (now_ms() < start->since_ms + LIMIT_MS) return;
  start->is_timed_out = true;
  kill(start->pid, SIGKILL);
}

double starts_wake_ms(void) { return check_ms; }

/* The futex is also cleared when the child ends before its exec: it will be reaped soon. */
static bool is_ending(const struct start *start) {
  struct proc_stat stat;
  return start->run && proc_usable() && proc_stat(start->pid, &stat) && !stat.has_executed;
}

/* In each turn, so that a run is reported as executed before anything else about it. The longer
 * children stall, the less often the loop is woken for this. */
void starts_turn(void) {
  /* Reporting calls the policy, which may start others. */
  for (struct start *start = pending; start; start = start->next) {
    if (start->uses_memory || (start->run && (start->child.failed_step || start->is_timed_out)))
      continue;
    if (is_ending(start)) continue;
    report_executed(start);
    return;
  }
  if (now_ms() < check_ms) return;
  check_ms = INFINITY;
  for (struct start *start = pending; start; start = start->next) {
    kill_if_late(start);
    double pause = fmin(fmax((now_ms() - start->since_ms) / 4, CHECK_MS_MIN), CHECK_MS_MAX);
    check_ms = fmin(check_ms, now_ms() + pause);
  }
}
