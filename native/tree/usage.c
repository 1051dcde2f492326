/* What runs use, in one look through /proc: a process belongs to the run whose group it is in, or
 * whose mark it carries. Groups are small numbers and marks are above 2^62, so both are looked up
 * in one sorted list. With thousands of processes the look takes several turns. */
#define _GNU_SOURCE
#include "tree/usage.h"
#include "tree/proc.h"
#include "tree/runs.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROCESSES_AT_ONCE = 128, SMALL_KIB = 1024 };

struct key {
  uint64_t group_or_mark;
  struct usage *usage;
};

/* The one that is under way: the runs as they were when it began. */
static struct {
  DIR *directory; /* NULL: none is */
  struct key *keys;
  size_t key_count;
  struct usage *usages;
  size_t count;
} look;

static int by_number(const void *a, const void *b) {
  uint64_t first = ((const struct key *)a)->group_or_mark;
  uint64_t second = ((const struct key *)b)->group_or_mark;
  return (first > second) - (first < second);
}

static struct usage *find(uint64_t number) {
  struct key wanted = {.group_or_mark = number};
  const struct key *found = bsearch(&wanted, look.keys, look.key_count, sizeof wanted, by_number);
  return found ? found->usage : NULL;
}

/* What stat leaves out matters for small processes only. */
static int64_t memory_kib(const struct proc_stat *stat) {
  int64_t kib = (int64_t)((double)stat->memory_pages * (double)sysconf(_SC_PAGESIZE) / 1024);
  if (kib >= SMALL_KIB || stat->state == 'Z') return kib;
  int64_t exact = proc_exact_kib(stat->pid);
  return exact > kib ? exact : kib;
}

static void add(const struct proc_stat *stat) {
  struct usage *usage = find((uint64_t)stat->group);
  if (!usage) usage = find(stat->mark);
  if (!usage) return;
  usage->cpu_ms += (double)stat->cpu_ticks * 1e3 / (double)sysconf(_SC_CLK_TCK);
  usage->memory_kib += memory_kib(stat);
  usage->processes += stat->state != 'Z';
}

static void note_run(const struct run *run) {
  char *name = strdup(run->daemon);
  if (!name) return;
  struct usage *usage = &look.usages[look.count++];
  *usage = (struct usage){.daemon = name, .run = run->number};
  if (!run->group_empty) look.keys[look.key_count++] = (struct key){(uint64_t)run->pid, usage};
  if (run->mark) look.keys[look.key_count++] = (struct key){run->mark, usage};
}

static bool begin(void) {
  usage_forget();
  size_t runs = runs_count();
  look.usages = malloc((runs + 1) * sizeof *look.usages);
  look.keys = malloc((2 * runs + 1) * sizeof *look.keys);
  if (!look.usages || !look.keys || !proc_usable()) return false;
  look.directory = opendir("/proc");
  if (!look.directory) return false;
  for (size_t i = 0; i < runs; i++)
    if (!runs_at(i)->gone) note_run(runs_at(i));
  qsort(look.keys, look.key_count, sizeof *look.keys, by_number);
  return true;
}

const struct usage *usage_look(size_t *count) {
  static const struct usage nothing;
  *count = 0;
  if (!look.directory && !begin()) return &nothing;
  for (int i = 0; i < PROCESSES_AT_ONCE;) {
    const struct dirent *entry = readdir(look.directory);
    if (!entry) {
      closedir(look.directory);
      look.directory = NULL;
      *count = look.count;
      return look.usages;
    }
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    struct proc_stat stat;
    if (proc_stat((pid_t)atoi(entry->d_name), &stat)) add(&stat);
    i++;
  }
  return NULL;
}

void usage_forget(void) {
  if (look.directory) closedir(look.directory);
  for (size_t i = 0; i < look.count; i++) free((char *)look.usages[i].daemon);
  free(look.usages);
  free(look.keys);
  memset(&look, 0, sizeof look);
}
