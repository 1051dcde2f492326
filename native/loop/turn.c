/* A turn of the loop waits in one epoll set, then serves what is ready in a fixed order: signals,
 * reports of runs, children, escapees, time, helpers, probes, clients. Daemon output comes last,
 * because it may be the most. Each kind gets a bounded share of a turn, so none can starve another.
 */
#define _GNU_SOURCE
#include "loop/turn.h"
#include "base/clock.h"
#include "base/limits.h"
#include "control/client_turn.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "health/announce.h"
#include "health/probe.h"
#include "health/ready.h"
#include "helper/helper.h"
#include "helper/helper_child.h"
#include "helper/watcher.h"
#include "loop/finish.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "output/logs.h"
#include "output/out.h"
#include "output/pump.h"
#include "process/start.h"
#include "tree/cgroup.h"
#include "tree/children.h"
#include "tree/escapees.h"
#include "tree/tree.h"

#include <math.h>
#include <sys/epoll.h>

/* For epoll_wait, rounded up: an early wake-up would only wait again. */
static int timeout_ms(void) {
  if (loop_wants_reaping() || probes_want_turn() || clients_want_turn() || helpers_want_turn() ||
      pump_wants_turn())
    return 0;
  double until = fmin(fmin(loop_wake_ms(), helpers_deadline_ms()), clients_deadline_ms());
  until = fmin(until, fmin(logs_wake_ms(), fmin(tree_wake_ms(), starts_wake_ms())));
  until = fmin(until, fmin(loop_retry_ms(), cgroup_wake_ms()));
  until = fmin(until, fmin(out_wake_ms(), announce_wake_ms()));
  until = fmin(until, finish_wake_ms());
  if (isinf(until)) return -1;
  double wait = ceil(until - now_ms());
  return wait <= 0 ? 0 : wait > 3600e3 ? 3600000 : (int)wait;
}

static bool is_channel(const struct watch *watch) {
  return watch->kind == WATCH_READY || watch->kind == WATCH_NOTIFY;
}

static void serve(struct epoll_event *events, int count) {
  bool pipes = false, pattern_pipes = false, probes = false, clients = false;
  loop_retry_watches();
  starts_turn();
  for (int i = 0; i < count; i++)
    if (((struct watch *)events[i].data.ptr)->kind == WATCH_SIGNALS) signals_read();
  /* Before the children are reaped: a sender can be identified until then. */
  int channels = 0;
  for (int i = 0; i < count; i++) channels += is_channel(events[i].data.ptr);
  for (int i = 0; i < count; i++)
    if (is_channel(events[i].data.ptr)) channel_read(events[i].data.ptr, channels);
  if (loop_wants_reaping()) loop_reaped(children_reap());
  for (int i = 0; i < count; i++) {
    struct watch *watch = events[i].data.ptr;
    if (watch->kind == WATCH_ESCAPEE)
      escapee_ended((struct escapee *)watch);
    else if (watch->kind == WATCH_STDOUT)
      out_flush();
    else if (watch->kind == WATCH_HELPER)
      helper_read_output(watch);
    else if (watch->kind == WATCH_PROBES)
      probes = true;
    else if (watch->kind == WATCH_CLIENTS)
      clients = true;
    else if (watch->kind == WATCH_MEMORY)
      cgroup_changed();
    else if (watch->kind == WATCH_FILES)
      watcher_read(watch);
    else if (watch->kind == WATCH_PIPES)
      pipes = true;
    else if (watch->kind == WATCH_PATTERN_PIPES)
      pattern_pipes = true;
  }
  if (now_ms() >= tree_wake_ms()) tree_turn();
  if (now_ms() >= loop_wake_ms()) {
    loop_wake_at(INFINITY);
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
  engine_turn();
  if (pattern_pipes) pump_pattern_turn();
  if (pipes || pump_wants_turn()) pump_turn();
  out_flush();
}

void turns_run(void) {
  for (;;) {
    finish_if_done();
    struct epoll_event events[BATCH_MAX];
    int count = loop_wait(events, BATCH_MAX, timeout_ms());
    /* EINTR: this process was stopped and continued. Serve what is ready before checking deadlines:
     * a process that seems silent for too long may have written meanwhile. */
    if (count >= 0) serve(events, count);
  }
}
