/* Starts that are under way. clone(VM) without VFORK: the parent waits on a futex that the kernel
 * clears when the child executes its program or ends (CLONE_CHILD_CLEARTID), and so it can stop
 * waiting. What a child that stands still uses is not used again before that. */
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
  WAIT_MS = 50, /* for one child; the loop stands still as long */
  WAIT_MS_MIN = 2,
  LIMIT_MS = 5000,  /* then a child that stands still is killed */
  KEPT_MAX = 1024,  /* starts that are under way */
  LOOK_MS_MIN = 10, /* between two looks at them */
  LOOK_MS_MAX = 1000,
};

static struct start first; /* that of nearly all starts */
static struct start *spare = &first;
static struct start *kept;
static int kept_count;
static double look_ms = INFINITY;
static int dumpable;
static uid_t own_uid;
#ifdef PLAIN_CLONE /* valgrind knows no other */
static int vfork_flag = CLONE_VFORK;
#else
static int vfork_flag; /* set where nothing else works: an emulator of another processor */
#endif

void starts_init(void) {
  dumpable = prctl(PR_GET_DUMPABLE);
  own_uid = getuid();
}

struct start *start_new(void) {
  if (kept_count == KEPT_MAX) {
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

/* The child uses nothing of ours any more. To change the user of a child that shares our memory
 * makes us undumpable. */
static void child_left(struct start *start) {
  if (start->child.has_changed_user) prctl(PR_SET_DUMPABLE, dumpable);
  if (start->has_lent_files) child_ends_take_back(&start->child.ends);
}

void start_release(struct start *start) {
  for (struct start **at = &kept; start->is_kept && *at; at = &(*at)->next) {
    if (*at != start) continue;
    *at = start->next;
    kept_count--;
    break;
  }
  if (start->run) start->run->start = NULL;
  child_left(start);
  identity_release(&start->identity);
  arena_free(&start->arena);
  if (!spare || start == &first) {
    struct start *other = spare;
    spare = start;
    start = other;
  }
  if (start) munmap(start, sizeof *start);
}

/* The more children stand still, the less the next one is waited for. */
static double wait_ms(void) { return fmax(WAIT_MS_MIN, WAIT_MS / (1.0 + kept_count)); }

static void keep(struct start *start) {
  start->is_kept = true;
  start->next = kept;
  kept = start;
  kept_count++;
  look_ms = fmin(look_ms, now_ms() + LOOK_MS_MIN);
}

static struct timespec timespec_of(double ms) {
  return (struct timespec){(time_t)(ms / 1e3), (long)(fmod(ms, 1e3) * 1e6)};
}

/* Until the child uses our memory no longer, at most so long. */
static void wait_on_futex(struct start *start) {
  const int wait_bitset = 9; /* FUTEX_WAIT_BITSET: until a time, not for one. Not private, since
                                the kernel's own wake is not. */
  struct timespec until = timespec_of(start->since_ms + wait_ms());
  while (start->is_standing)
    if (syscall(SYS_futex, &start->is_standing, wait_bitset, 1, &until, NULL, ~0u) != 0 &&
        errno == ETIMEDOUT)
      return;
}

/* A child that has failed is a zombie in a moment, unless it is traced. */
static bool reap_failed(const struct start *start) {
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  for (;;) {
    if (waitpid(start->pid, NULL, WNOHANG) != 0) return true;
    double left = start->since_ms + wait_ms() - now_ms();
    if (left <= 0) return false;
    /* This takes the signal, which may be for the loop. */
    struct timespec in = timespec_of(left);
    sigtimedwait(&child_signal, NULL, &in);
    loop_reap_soon();
  }
}

static pid_t clone_child(struct start *start, int (*run)(void *), int flags, void *argument) {
  char *top = start->stack + sizeof start->stack;
  return clone(run, top, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | vfork_flag | flags, argument,
               NULL, NULL, &start->is_standing);
}

pid_t start_child(struct start *start, int (*run)(void *), int more_flags, void *argument) {
  start->since_ms = now_ms();
  start->is_standing = 1;
  start->pid = clone_child(start, run, more_flags, argument);
  if (start->pid < 0 && errno == EINVAL && !vfork_flag) {
    vfork_flag = CLONE_VFORK;
    start->pid = clone_child(start, run, more_flags, argument);
  }
  if (start->pid < 0) return -1;
  if (vfork_flag)
    start->is_standing = 0;
  else
    wait_on_futex(start);
  if (start->is_standing || (start->child.step && !reap_failed(start))) keep(start);
  return start->pid;
}

static void executed(struct start *start) {
  struct run *run = start->run;
  if (run) run->uid = start_uid(start);
  start_release(start);
  if (run) event_executed(run);
}

void start_leader_ended(struct run *run, int wait_status) {
  struct start *start = run->start;
  if (!start) return;
  const struct child *child = &start->child;
  if (child->step)
    run->failure = (struct spawn_failure){child->step, child->error};
  else if (start->is_timed_out)
    run->failure = (struct spawn_failure){child->at, ETIMEDOUT};
  else if (WIFEXITED(wait_status))
    return executed(start); /* A child that fails says at which step. */
  start_release(start);
}

/* It has no children yet. While it uses our memory it was not reaped, so its number is its own. */
static void kill_late(struct start *start) {
  if (!start->is_limited || start->is_timed_out || !start->is_standing) return;
  if (now_ms() < start->since_ms + LIMIT_MS) return;
  start->is_timed_out = true;
  kill(start->pid, SIGKILL);
}

double starts_wake_ms(void) { return look_ms; }

/* The futex is clear, too, when the child ends before its exec: it is reaped in a moment. */
static bool is_ending(const struct start *start) {
  struct proc_stat stat;
  return start->run && proc_usable() && proc_stat(start->pid, &stat) && !stat.has_executed;
}

/* Each turn, so that a run has started before anything else is told of it. The longer they stand
 * still, the less often the loop is woken for that. */
void starts_turn(void) {
  /* To tell of one calls the policy, which may start others. */
  for (struct start *start = kept; start; start = start->next) {
    if (start->is_standing || (start->run && (start->child.step || start->is_timed_out))) continue;
    if (is_ending(start)) continue;
    executed(start);
    return;
  }
  if (now_ms() < look_ms) return;
  look_ms = INFINITY;
  for (struct start *start = kept; start; start = start->next) {
    kill_late(start);
    double pause = fmin(fmax((now_ms() - start->since_ms) / 4, LOOK_MS_MIN), LOOK_MS_MAX);
    look_ms = fmin(look_ms, now_ms() + pause);
  }
}
