/* The loop: waits in one epoll set, then serves what is ready in a fixed order: signals, what runs
 * say, children, strays, time, helpers, probes, clients, and the daemons' output last, since it is
 * what there may be most of. Each gets a bounded share of a turn, so that none can starve another.
 */
#define _GNU_SOURCE
#include "client.h"
#include "helper.h"
#include "logs.h"
#include "ready.h"
#include "start.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { UNWATCHED_MAX = 8, REWATCH_MS = 100 };

static int epoll_fd = -1;
/* What could not be watched, and when that is tried again. */
static struct unwatched {
  int fd;
  uint32_t events;
  struct watch *watch;
} unwatched[UNWATCHED_MAX];
static size_t unwatched_count;
static double rewatch_ms = INFINITY;
static double wake_ms = INFINITY;
static bool children_waiting = true; /* whoever became us may have left us some that have ended */

/* The end: output first, for which most of the time is; then files, and what clients were sent. */
enum { FILES_SHARE = 8 }; /* of the time: one in so many parts */
static bool finishing, flushed;
static int finish_code;
static double finish_began_ms, flush_deadline_ms, finish_deadline_ms, silent_ms_max;

static int64_t ns_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t now_ns(void) { return ns_of(CLOCK_MONOTONIC); }

int64_t cpu_ns(void) { return ns_of(CLOCK_THREAD_CPUTIME_ID); }

double now_ms(void) { return (double)now_ns() / 1e6; }

void loop_init(void) { epoll_fd = epoll_create1(EPOLL_CLOEXEC); }

bool loop_watch(int fd, uint32_t events, struct watch *watch) {
  struct epoll_event event = {.events = events, .data.ptr = watch};
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void loop_watch_surely(int fd, uint32_t events, struct watch *watch) {
  if (loop_watch(fd, events, watch) || unwatched_count == UNWATCHED_MAX) return;
  unwatched[unwatched_count++] = (struct unwatched){fd, events, watch};
  rewatch_ms = now_ms() + REWATCH_MS;
}

static void forget_unwatched(int fd) {
  for (size_t i = unwatched_count; i > 0; i--)
    if (unwatched[i - 1].fd == fd) unwatched[i - 1] = unwatched[--unwatched_count];
}

static void watch_again(void) {
  if (now_ms() < rewatch_ms) return;
  for (size_t i = unwatched_count; i > 0; i--) {
    const struct unwatched *one = &unwatched[i - 1];
    if (loop_watch(one->fd, one->events, one->watch)) forget_unwatched(one->fd);
  }
  rewatch_ms = unwatched_count > 0 ? now_ms() + REWATCH_MS : INFINITY;
}

/* Always before close: a description that a forked child still holds would go on telling. */
void loop_unwatch(int fd) {
  forget_unwatched(fd);
  epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void loop_wake_at(double at_ms) { wake_ms = at_ms; }

void loop_reap_soon(void) { children_waiting = true; }

void loop_finish(int code, double flush_ms, double silent_ms) {
  /* Asked again after a failure: that of the event that all is flushed, or a later one. */
  flushed = false;
  if (finishing) return;
  finishing = true;
  finish_code = code;
  finish_began_ms = now_ms();
  finish_deadline_ms = finish_began_ms + flush_ms;
  flush_deadline_ms = finish_deadline_ms - flush_ms / FILES_SHARE;
  silent_ms_max = silent_ms;
  tty_take_back();
  pump_close_all();
}

bool loop_is_finishing(void) { return finishing; }

/* When output is given up; a byte that is taken moves it. */
static double give_up_ms(void) {
  if (!out_stalled()) return flush_deadline_ms;
  double silent_since_ms = fmax(finish_began_ms, now_ms() - out_silent_ms());
  return fmin(flush_deadline_ms, silent_since_ms + silent_ms_max);
}

static void print_loss(void) {
  uint64_t bytes, lines;
  out_lost(&bytes, &lines);
  if (bytes == 0) return;
  char text[160];
  int n = snprintf(text, sizeof text,
                   "pitcrew: %llu bytes of output (%llu lines) could not be printed\n",
                   (unsigned long long)bytes, (unsigned long long)lines);
  /* The same pipe that is full may be stderr, too: only when it takes the line at once. */
  struct epoll_event event = {.events = EPOLLOUT};
  int probe = epoll_create1(EPOLL_CLOEXEC);
  bool takes = epoll_ctl(probe, EPOLL_CTL_ADD, 2, &event) != 0
                   ? errno == EPERM
                   : epoll_wait(probe, &event, 1, 0) > 0;
  if (takes && write(2, text, (size_t)n) < 0) { /* Nowhere left to say it. */
  }
}

/* Ends the process once all output is out, or its time is up, and then what is to be kept is on
 * the disk. The engine is never freed: it asserts that nothing leaks, which is not true after an
 * out-of-memory. */
static void finish_if_done(void) {
  if (!finishing) return;
  bool is_alone = children_end();
  if (!flushed) {
    bool is_out = pump_idle() && out_flush() && is_alone;
    if (!is_out && now_ms() < give_up_ms()) return;
    flushed = true;
    pump_give_up();
    out_give_up();
    event_flushed();
    listen_close();
    helpers_turn();
  }
  bool late = now_ms() >= finish_deadline_ms;
  if (!late && (helpers_write() || !is_alone)) return;
  logs_finish();
  if (!late && !clients_finished()) return;
  print_loss();
  _exit(finish_code);
}

/* Milliseconds for epoll_wait, rounded up: waking too early would only mean to wait again. */
static int timeout_ms(void) {
  if (children_waiting || probes_want_turn() || clients_want_turn() || helpers_want_turn() ||
      pump_wants_turn())
    return 0;
  double until = fmin(fmin(wake_ms, helpers_deadline_ms()), clients_deadline_ms());
  until = fmin(until, fmin(logs_wake_ms(), fmin(tree_wake_ms(), starts_wake_ms())));
  until = fmin(until, fmin(rewatch_ms, cgroup_wake_ms()));
  until = fmin(until, fmin(out_wake_ms(), announce_wake_ms()));
  if (finishing) until = fmin(until, flushed ? finish_deadline_ms : give_up_ms());
  if (isinf(until)) return -1;
  double wait = ceil(until - now_ms());
  return wait <= 0 ? 0 : wait > 3600e3 ? 3600000 : (int)wait;
}

static bool is_channel(const struct watch *watch) {
  return watch->kind == WATCH_READY || watch->kind == WATCH_NOTIFY;
}

static void serve(struct epoll_event *events, int count) {
  bool pipes = false, tapped = false, probes = false, clients = false;
  watch_again();
  starts_turn();
  for (int i = 0; i < count; i++)
    if (((struct watch *)events[i].data.ptr)->kind == WATCH_SIGNALS) signals_read();
  /* Before the children: who has ended is known until it is reaped. */
  int channels = 0;
  for (int i = 0; i < count; i++) channels += is_channel(events[i].data.ptr);
  for (int i = 0; i < count; i++)
    if (is_channel(events[i].data.ptr)) channel_hear(events[i].data.ptr, channels);
  if (children_waiting) children_waiting = reap_batch();
  for (int i = 0; i < count; i++) {
    struct watch *watch = events[i].data.ptr;
    if (watch->kind == WATCH_STRAY)
      stray_ready((struct stray *)watch);
    else if (watch->kind == WATCH_STDOUT)
      out_flush();
    else if (watch->kind == WATCH_HELPER)
      helper_readable(watch);
    else if (watch->kind == WATCH_PROBES)
      probes = true;
    else if (watch->kind == WATCH_CLIENTS)
      clients = true;
    else if (watch->kind == WATCH_MEMORY)
      cgroup_news();
    else if (watch->kind == WATCH_PIPES)
      pipes = true;
    else if (watch->kind == WATCH_TAPPED)
      tapped = true;
  }
  if (now_ms() >= tree_wake_ms()) tree_turn();
  if (now_ms() >= wake_ms) {
    wake_ms = INFINITY;
    event_wake();
  }
  out_turn();
  announce_turn();
  cgroup_turn();
  helpers_check_deadlines();
  if (probes || probes_want_turn()) probes_turn();
  logs_turn();
  if (clients || clients_want_turn()) clients_turn();
  helpers_turn();
  if (tapped) pump_tapped_turn();
  if (pipes || pump_wants_turn()) pump_turn();
  out_flush();
}

void loop_run(void) {
  for (;;) {
    finish_if_done();
    struct epoll_event events[BATCH_MAX];
    int count = epoll_wait(epoll_fd, events, BATCH_MAX, timeout_ms());
    /* EINTR: we were stopped and continued. What is ready is served before the time is looked at:
     * who is silent for too long may have spoken meanwhile. */
    if (count >= 0) serve(events, count);
  }
}
