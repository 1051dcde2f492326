/* Helpers do work that may block or grow. Each ends with one event.
 *
 *   waits ── started ──> runs ── reaped ──> event
 *                          └─ deadline: KILL ──> killed ── reaped ──> event
 *                                                  └─ not reaped in time ──> event, hangs
 *
 * Tasks that only read have a queue of their own, so they cannot delay writes. Writes to one file
 * are done in order; at the end one child does all waiting writes. A child that survives KILL (its
 * disk hangs) is given up: its slot is free, and no other child is started at that path until it
 * ends. */
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
#include <unistd.h>

enum {
  WRITERS_MAX = 4,
  WRITERS_WAITING_MAX = 8,
  READERS_MAX = 12,
  READERS_WAITING_MAX = 4096,
  HANGING_MAX = 48,
  KILL_MS = 200, /* time for a killed child to end */
  TEXT_BYTES_MAX = 4 * 1024 * 1024,
};

enum stage { WAITS, RUNS, KILLED, HANGS };

struct helper {
  struct helper_child child; /* first member, for epoll */
  struct helper *next;
  int64_t id; /* -1 = forgotten */
  struct helper_task task;
  enum stage stage;
  double deadline_ms;
  bool timed_out;
  struct helper *joined; /* a write that the same child does next */
  char *words[]; /* of the task; followed by their text and the task's text */
};

static struct queue {
  struct helper *first, **last;
  size_t waiting, waiting_max, running, running_max;
} writers = {NULL, &writers.first, 0, WRITERS_WAITING_MAX, 0, WRITERS_MAX},
  readers = {NULL, &readers.first, 0, READERS_WAITING_MAX, 0, READERS_MAX};

static struct helper *started;  /* helpers that have a child */
static struct helper *finished; /* freed in the next turn: an epoll event may still refer to them */
static size_t hanging;

static bool is_write(const struct helper *helper) {
  return helper->task.kind == HELPER_APPEND || helper->task.kind == HELPER_WRITE;
}

static struct queue *queue_of(enum helper_kind kind) {
  return kind <= HELPER_WRITE ? &writers : &readers;
}

static bool is_same_path(const struct helper_task *a, const struct helper_task *b) {
  return a->kind == b->kind && a->words[0] && b->words[0] && strcmp(a->words[0], b->words[0]) == 0;
}

static bool works_at_path_of(const struct helper_task *task, const struct helper_task *other) {
  while (task && !is_same_path(task, other)) task = task->next;
  return task;
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

static int refusal_for(const struct helper_task *task, const struct queue *queue) {
  if (task->bytes > TEXT_BYTES_MAX) return EFBIG;
  if (queue->waiting >= queue->waiting_max) return EBUSY;
  for (const struct helper *h = started; h; h = h->next)
    if (h->stage == HANGS && works_at_path_of(&h->task, task)) return ETIMEDOUT;
  return queue == &readers && hanging >= HANGING_MAX ? EAGAIN : 0;
}

int helper_start(int64_t id, const struct helper_task *task) {
  struct queue *queue = queue_of(task->kind);
  int error = refusal_for(task, queue);
  struct helper *helper = error ? NULL : copy_of(id, task);
  if (!helper) return error ? error : ENOMEM;
  *queue->last = helper;
  queue->last = &helper->next;
  queue->waiting++;
  return 0;
}

/* ---- the end of a helper */

static void retire(struct helper *helper) {
  if (helper->task.stdin_fd > 0) close(helper->task.stdin_fd);
  if (helper->joined) retire(helper->joined);
  helper_child_close_output(&helper->child);
  helper->next = finished;
  finished = helper;
}

/* Call this last: the policy may start the next task in the same call. */
static void report_end(const struct helper *helper, int error, int wait_status) {
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

static struct helper **link_of(pid_t pid) {
  struct helper **link = &started;
  while (*link && (*link)->child.pid != pid) link = &(*link)->next;
  return link;
}

bool helper_is(pid_t pid) { return *link_of(pid); }

bool helper_reaped(pid_t pid, int wait_status) {
  struct helper **link = link_of(pid), *helper = *link;
  if (!helper) return false;
  bool is_reported = helper->stage == HANGS;
  *link = helper->next;
  hanging -= is_reported;
  queue_of(helper->task.kind)->running -= !is_reported;
  helper_child_reaped(&helper->child);
  retire(helper);
  if (!is_reported) report_end(helper, error_of(helper, wait_status), wait_status);
  return true;
}

bool helpers_write(void) {
  for (const struct helper *h = started; h; h = h->next)
    if (is_write(h) && h->stage != HANGS) return true;
  for (const struct helper *h = writers.first; h; h = h->next)
    if (is_write(h)) return true;
  return false;
}

/* ---- turns */

/* The next task of a queue that may start. A write waits for another child that writes the same
 * file; tasks behind it do not. */
static struct helper **next_of(struct queue *queue) {
  struct helper **link = &queue->first;
  for (; *link && queue->running < queue->running_max; link = &(*link)->next) {
    const struct helper *before = is_write(*link) ? started : NULL;
    while (before && (before->stage == HANGS || !works_at_path_of(&before->task, &(*link)->task)))
      before = before->next;
    if (!before) return link;
  }
  return NULL;
}

static struct helper *take_from_queue(struct queue *queue, struct helper **link) {
  struct helper *helper = *link;
  *link = helper->next;
  if (!helper->next) queue->last = link;
  queue->waiting--;
  return helper;
}

/* At the end waiting writes share a child: its start and end cost more than its work, and delay the
 * end of everything. */
static void join_writes(struct queue *queue, struct helper *helper) {
  struct helper **link;
  if (!loop_is_finishing() || !is_write(helper)) return;
  for (; (link = next_of(queue)) && is_write(*link); helper = helper->joined) {
    helper->joined = take_from_queue(queue, link);
    helper->task.next = &helper->joined->task;
  }
}

static void start(struct queue *queue, struct helper *helper) {
  join_writes(queue, helper);
  int error = helper_child_start(&helper->child, &helper->task);
  if (error) {
    retire(helper);
    return report_end(helper, error, 0);
  }
  helper->stage = RUNS;
  helper->deadline_ms = now_ms() + helper->task.timeout_ms;
  helper->next = started;
  started = helper;
  queue->running++;
}

bool helpers_want_turn(void) { return next_of(&writers) || next_of(&readers); }

void helpers_turn(void) {
  for (struct helper *next; finished; finished = next) {
    next = finished->next;
    free(finished->child.output);
    free(finished);
  }
  struct queue *const queues[] = {&writers, &readers};
  for (size_t i = 0; i < 2; i++)
    for (struct helper **link; (link = next_of(queues[i]));)
      start(queues[i], take_from_queue(queues[i], link));
}

double helpers_deadline_ms(void) {
  double earliest = INFINITY;
  for (const struct helper *h = started; h; h = h->next)
    if (h->stage != HANGS) earliest = fmin(earliest, h->deadline_ms);
  return earliest;
}

static void expire(struct helper *helper, double ms) {
  if (helper->stage == RUNS) {
    helper_child_kill(&helper->child);
    helper->stage = KILLED;
    helper->timed_out = true;
    helper->deadline_ms = ms + KILL_MS;
    return;
  }
  helper->stage = HANGS;
  hanging++;
  queue_of(helper->task.kind)->running--;
  helper_child_close_output(&helper->child);
  report_end(helper, ETIMEDOUT, SIGKILL);
}

void helpers_check_deadlines(void) {
  double ms = started ? now_ms() : 0;
  for (struct helper *h = started; h; h = h->next)
    if (h->stage != HANGS && ms >= h->deadline_ms) expire(h, ms);
}

static void forget_waiting(struct queue *queue, int64_t id) {
  struct helper **link = &queue->first;
  while (*link && (*link)->id != id) link = &(*link)->next;
  if (*link) retire(take_from_queue(queue, link));
}

void helper_forget(int64_t id) {
  struct helper *helper = started;
  while (helper && helper->id != id) helper = helper->next;
  if (!helper) {
    forget_waiting(&writers, id);
    forget_waiting(&readers, id);
    return;
  }
  helper->id = -1;
  if (helper->stage == RUNS) expire(helper, now_ms());
}
