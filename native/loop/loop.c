/* One epoll set for everything. */
#define _GNU_SOURCE
#include "loop/loop.h"
#include "base/clock.h"

#include <math.h>
#include <stddef.h>
#include <sys/epoll.h>

enum { UNWATCHED_MAX = 8, REWATCH_MS = 100 };

static int epoll_fd = -1;
/* Descriptors that could not be watched, and when that is retried. */
static struct unwatched {
  int fd;
  uint32_t events;
  struct watch *watch;
} unwatched[UNWATCHED_MAX];
static size_t unwatched_count;
static double rewatch_ms = INFINITY;
static double wake_ms = INFINITY;
/* The program that executed us may have left us children that have ended. */
static bool wants_reaping = true;
static bool finishing;

void loop_init(void) { epoll_fd = epoll_create1(EPOLL_CLOEXEC); }

bool loop_watch(int fd, uint32_t events, struct watch *watch) {
  struct epoll_event event = {.events = events, .data.ptr = watch};
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void loop_watch_with_retry(int fd, uint32_t events, struct watch *watch) {
  if (loop_watch(fd, events, watch) || unwatched_count == UNWATCHED_MAX) return;
  unwatched[unwatched_count++] = (struct unwatched){fd, events, watch};
  rewatch_ms = now_ms() + REWATCH_MS;
}

static void forget_unwatched(int fd) {
  for (size_t i = unwatched_count; i > 0; i--)
    if (unwatched[i - 1].fd == fd) unwatched[i - 1] = unwatched[--unwatched_count];
}

void loop_retry_watches(void) {
  if (now_ms() < rewatch_ms) return;
  for (size_t i = unwatched_count; i > 0; i--) {
    const struct unwatched *one = &unwatched[i - 1];
    if (loop_watch(one->fd, one->events, one->watch)) forget_unwatched(one->fd);
  }
  rewatch_ms = unwatched_count > 0 ? now_ms() + REWATCH_MS : INFINITY;
}

double loop_retry_ms(void) { return rewatch_ms; }

void loop_unwatch(int fd) {
  forget_unwatched(fd);
  epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

int loop_wait(struct epoll_event *events, int max, int timeout_ms) {
  return epoll_wait(epoll_fd, events, max, timeout_ms);
}

void loop_wake_at(double at_ms) { wake_ms = at_ms; }

double loop_wake_ms(void) { return wake_ms; }

void loop_reap_soon(void) { wants_reaping = true; }

bool loop_wants_reaping(void) { return wants_reaping; }

void loop_reaped(bool may_be_more) { wants_reaping = may_be_more; }

void loop_set_finishing(void) { finishing = true; }

bool loop_is_finishing(void) { return finishing; }
