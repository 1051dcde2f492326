/* Helpers: children that do what may block or grow. Each ends with one event.
 *
 *   waits ── started ──> runs ── reaped ──> event
 *                          └─ deadline: KILL ──> killed ── reaped ──> event
 *                                                  └─ still there a little later ──> event, hangs
 *
 * Tasks that only look have a lane of their own, so that no number of them delays what is written.
 * What is written to one file is written in order. A child that KILL does not end (a disk hangs) is
 * given up: its place is free, and no other is started at that path until it is gone. */
#define _GNU_SOURCE
#include "helper/helper.h"
#include "base/clock.h"
#include "engine/events.h"
#include "helper/helper_child.h"
#include "loop/loop.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
  WRITERS_MAX = 4,
  WRITERS_WAITING_MAX = 8,
  LOOKS_MAX = 12,
  LOOKS_WAITING_MAX = 4096,
  HANGING_MAX = 48,
  KILL_MS = 200, /* in which a child that can be killed is gone */
  TEXT_BYTES_MAX = 4 * 1024 * 1024,
};

enum stage { WAITS, RUNS, KILLED, HANGS };

struct helper {
  struct helper_child child; /* first: epoll gives it back */
  struct helper *next;
  int64_t id; /* -1 = forgotten */
  struct helper_task task;
  enum stage stage;
  double deadline_ms;
  bool timed_out;
  char *words[]; /* of the task; then their text and its own */
};

static struct lane {
  struct helper *first, **last;
  size_t waiting, waiting_max, running, running_max;
} writers = {NULL, &writers.first, 0, WRITERS_WAITING_MAX, 0, WRITERS_MAX},
  looks = {NULL, &looks.first, 0, LOOKS_WAITING_MAX, 0, LOOKS_MAX};

static struct helper *started; /* all that have a child */
static struct helper *over;    /* freed in the next turn: an event of epoll may still name them */
static size_t hanging;

static bool writes(const struct helper *helper) {
  return helper->task.kind == HELPER_APPEND || helper->task.kind == HELPER_WRITE;
}

static struct lane *lane_of(enum helper_kind kind) {
  return kind <= HELPER_WRITE ? &writers : &looks;
}

static bool is_same_place(const struct helper_task *a, const struct helper_task *b) {
  return a->kind == b->kind && a->words[0] && b->words[0] && strcmp(a->words[0], b->words[0]) == 0;
}

/* ---- tasks */

static struct helper *copy_of(int64_t id, const struct helper_task *task) {
  size_t count = 0, room = task->bytes;
  for (; task->words[count]; count++) room += strlen(task->words[count]) + 1;
  struct helper *helper = malloc(sizeof *helper + (count + 1) * sizeof(char *) + room);
  if (!helper) return NULL;
  *helper =
      (struct helper){.child = {.watch = {WATCH_HELPER}, .output_fd = -1}, .id = id, .task = *task};
  char *end = (char *)(helper->words + count + 1);
  for (size_t i = 0; i < count; i++) {
    helper->words[i] = end;
    end = stpcpy(end, task->words[i]) + 1;
  }
  helper->words[count] = NULL;
  helper->task.words = helper->words;
  if (task->bytes) helper->task.text = memcpy(end, task->text, task->bytes);
  return helper;
}

static int refusal_of(const struct helper_task *task, const struct lane *lane) {
  if (task->bytes > TEXT_BYTES_MAX) return EFBIG;
  if (lane->waiting >= lane->waiting_max) return EBUSY;
  for (const struct helper *h = started; h; h = h->next)
    if (h->stage == HANGS && is_same_place(&h->task, task)) return ETIMEDOUT;
  return lane == &looks && hanging >= HANGING_MAX ? EAGAIN : 0;
}

int helper_start(int64_t id, const struct helper_task *task) {
  struct lane *lane = lane_of(task->kind);
  int error = refusal_of(task, lane);
  struct helper *helper = error ? NULL : copy_of(id, task);
  if (!helper) return error ? error : ENOMEM;
  *lane->last = helper;
  lane->last = &helper->next;
  lane->waiting++;
  return 0;
}

/* ---- its end */

static void discard(struct helper *helper) {
  child_close_output(&helper->child);
  helper->next = over;
  over = helper;
}

/* The policy is told last: it may start the next task in the same call. */
static void tell(const struct helper *helper, int error, int wait_status) {
  if (helper->id < 0 || loop_is_finishing()) return;
  const struct helper_child *child = &helper->child;
  struct helper_end end = {helper->id, error, wait_status, helper->timed_out, NULL, child->bytes};
  if (!child->overflowed) end.text = child->output ? child->output : "";
  event_helper(&end);
}

static int error_of(const struct helper *helper, int wait_status) {
  if (helper->timed_out) return ETIMEDOUT;
  if (helper->task.kind == HELPER_RUN) return 0;
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EIO;
}

static struct helper **place_of(pid_t pid) {
  struct helper **place = &started;
  while (*place && (*place)->child.pid != pid) place = &(*place)->next;
  return place;
}

bool helper_is(pid_t pid) { return *place_of(pid); }

bool helper_reaped(pid_t pid, int wait_status) {
  struct helper **place = place_of(pid), *helper = *place;
  if (!helper) return false;
  bool is_told = helper->stage == HANGS;
  *place = helper->next;
  hanging -= is_told;
  lane_of(helper->task.kind)->running -= !is_told;
  child_ended(&helper->child);
  discard(helper);
  if (!is_told) tell(helper, error_of(helper, wait_status), wait_status);
  return true;
}

bool helpers_write(void) {
  for (const struct helper *h = started; h; h = h->next)
    if (writes(h) && h->stage != HANGS) return true;
  for (const struct helper *h = writers.first; h; h = h->next)
    if (writes(h)) return true;
  return false;
}

/* ---- turns */

/* The next one of a lane that may start. What is written to a file that another child writes waits
 * for it, and those behind it do not. */
static struct helper **next_of(struct lane *lane) {
  struct helper **place = &lane->first;
  for (; *place && lane->running < lane->running_max; place = &(*place)->next) {
    const struct helper *before = writes(*place) ? started : NULL;
    while (before && (before->stage == HANGS || !is_same_place(&before->task, &(*place)->task)))
      before = before->next;
    if (!before) return place;
  }
  return NULL;
}

static struct helper *take_out(struct lane *lane, struct helper **place) {
  struct helper *helper = *place;
  *place = helper->next;
  if (!helper->next) lane->last = place;
  lane->waiting--;
  return helper;
}

static void start(struct lane *lane, struct helper *helper) {
  int error = child_begin(&helper->child, &helper->task);
  if (error) {
    discard(helper);
    return tell(helper, error, 0);
  }
  helper->stage = RUNS;
  helper->deadline_ms = now_ms() + helper->task.timeout_ms;
  helper->next = started;
  started = helper;
  lane->running++;
}

bool helpers_want_turn(void) { return next_of(&writers) || next_of(&looks); }

void helpers_turn(void) {
  for (struct helper *next; over; over = next) {
    next = over->next;
    free(over->child.output);
    free(over);
  }
  struct lane *const lanes[] = {&writers, &looks};
  for (size_t i = 0; i < 2; i++)
    for (struct helper **place; (place = next_of(lanes[i]));)
      start(lanes[i], take_out(lanes[i], place));
}

double helpers_deadline_ms(void) {
  double earliest = INFINITY;
  for (const struct helper *h = started; h; h = h->next)
    if (h->stage != HANGS) earliest = fmin(earliest, h->deadline_ms);
  return earliest;
}

static void end_in_time(struct helper *helper, double ms) {
  if (helper->stage == RUNS) {
    child_kill(&helper->child);
    helper->stage = KILLED;
    helper->timed_out = true;
    helper->deadline_ms = ms + KILL_MS;
    return;
  }
  helper->stage = HANGS;
  hanging++;
  lane_of(helper->task.kind)->running--;
  child_close_output(&helper->child);
  tell(helper, ETIMEDOUT, SIGKILL);
}

void helpers_check_deadlines(void) {
  double ms = started ? now_ms() : 0;
  for (struct helper *h = started; h; h = h->next)
    if (h->stage != HANGS && ms >= h->deadline_ms) end_in_time(h, ms);
}

static void forget_waiting(struct lane *lane, int64_t id) {
  struct helper **place = &lane->first;
  while (*place && (*place)->id != id) place = &(*place)->next;
  if (*place) discard(take_out(lane, place));
}

void helper_forget(int64_t id) {
  struct helper *helper = started;
  while (helper && helper->id != id) helper = helper->next;
  if (!helper) {
    forget_waiting(&writers, id);
    forget_waiting(&looks, id);
    return;
  }
  helper->id = -1;
  if (helper->stage == RUNS) end_in_time(helper, now_ms());
}
