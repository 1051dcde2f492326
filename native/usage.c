/* What runs use, in one look through /proc: a process belongs to the run whose group it is in, or
 * whose mark it carries. Groups are small numbers and marks are above 2^62, so both are looked up
 * in one sorted list. */
#define _GNU_SOURCE
#include "usage.h"
#include "host.h"
#include "proc.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The policy has 100 ms for all that it does at an event; half an answer would be a wrong one. */
enum { CPU_MS_MAX = 60 };

struct key {
  uint64_t group_or_mark;
  struct usage *usage;
};

struct look {
  struct key *keys;
  size_t count;
  double ticks_per_ms, kib_per_page;
  int64_t until_ns;
  bool late;
};

static int64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_number(const void *a, const void *b) {
  uint64_t first = ((const struct key *)a)->group_or_mark;
  uint64_t second = ((const struct key *)b)->group_or_mark;
  return (first > second) - (first < second);
}

static struct usage *find(const struct look *look, uint64_t number) {
  struct key wanted = {.group_or_mark = number};
  const struct key *found = bsearch(&wanted, look->keys, look->count, sizeof wanted, by_number);
  return found ? found->usage : NULL;
}

static bool add(const struct proc_stat *stat, void *context) {
  struct look *look = context;
  struct usage *usage = find(look, (uint64_t)stat->group);
  if (!usage) usage = find(look, stat->mark);
  if (usage) {
    usage->cpu_ms += (double)stat->cpu_ticks / look->ticks_per_ms;
    usage->memory_kib += (int64_t)((double)stat->memory_pages * look->kib_per_page);
    usage->processes += stat->state != 'Z';
  }
  look->late = cpu_ns() > look->until_ns;
  return !look->late;
}

bool usage_of_runs(struct usage *usages, size_t count) {
  struct key *keys = malloc((2 * count + 1) * sizeof *keys);
  if (!keys || !proc_usable()) {
    free(keys);
    return false;
  }
  struct look look = {.keys = keys,
                      .ticks_per_ms = (double)sysconf(_SC_CLK_TCK) / 1e3,
                      .kib_per_page = (double)sysconf(_SC_PAGESIZE) / 1024,
                      .until_ns = cpu_ns() + (int64_t)CPU_MS_MAX * 1000000};
  for (size_t i = 0; i < count; i++) {
    const struct run *run = runs_at(i);
    usages[i] = (struct usage){0};
    if (!run->group_empty) keys[look.count++] = (struct key){(uint64_t)run->pid, &usages[i]};
    if (run->mark) keys[look.count++] = (struct key){run->mark, &usages[i]};
  }
  qsort(keys, look.count, sizeof *keys, by_number);
  proc_each(add, &look);
  free(keys);
  return !look.late;
}
