#define _GNU_SOURCE
#include "base/clock.h"

#include <time.h>

static int64_t ns_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

double now_ms(void) { return (double)ns_of(CLOCK_MONOTONIC) / 1e6; }

int64_t cpu_ns(void) { return ns_of(CLOCK_THREAD_CPUTIME_ID); }

int64_t wall_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME_COARSE, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
