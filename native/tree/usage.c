/* Resource use of runs, in one scan of /proc: a process counts for the run whose group or mark it
 * has. Groups are small numbers and marks are above 2^62, so one sorted list holds both. With
 * thousands of processes a scan takes several turns. */
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

/* The scan in progress, with the runs that existed at its begin. */
static struct {
  DIR *directory; /* NULL = none */
  struct key *keys;
  size_t key_count;
  struct usage *usages;
  size_t count;
} scan;

static int by_number(const void *a, const void *b) {
  uint64_t first = ((const struct key *)a)->group_or_mark;
  uint64_t second = ((const struct key *)b)->group_or_mark;
  return (first > second) - (first < second);
}

static struct usage *find(uint64_t number) {
  struct key wanted = {.group_or_mark = number};
  const struct key *found = bsearch(&wanted, scan.keys, scan.key_count, sizeof wanted, by_number);
  return found ? found->usage : NULL;
}

/* The inaccuracy of stat matters for small processes only. */
static int64_t memory_kib(const struct proc_stat *stat) {
  int64_t kib = (int64_t)((double)stat->memory_pages * (double)sysconf(_SC_PAGESIZE) / 1024);
  if (kib >= SMALL_KIB || stat->state == 'Z') return kib;
  int64_t exact = proc_exact_kib(stat->pid);
  return exact > kib ? exact : kib;
}

static void add_process(const struct proc_stat *stat) {
  struct usage *usage = find((uint64_t)stat->group);
  if (!usage) usage = find(stat->mark);
  if (!usage) return;
  usage->cpu_ms += (double)stat->cpu_ticks * 1e3 / (double)sysconf(_SC_CLK_TCK);
  usage->memory_kib += memory_kib(stat);
  usage->processes += stat->state != 'Z';
}

static void add_run(const struct run *run) {
  char *name = strdup(run->daemon);
  if (!name) return;
  struct usage *usage = &scan.usages[scan.count++];
  *usage = (struct usage){.daemon = name, .run = run->number};
  if (!run->group_empty) scan.keys[scan.key_count++] = (struct key){(uint64_t)run->pid, usage};
  if (run->mark) scan.keys[scan.key_count++] = (struct key){run->mark, usage};
}

static bool begin_scan(void) {
  usage_free();
  size_t runs = runs_count();
  scan.usages = malloc((runs + 1) * sizeof *scan.usages);
  scan.keys = malloc((2 * runs + 1) * sizeof *scan.keys);
  if (!scan.usages || !scan.keys || !proc_usable()) return false;
  scan.directory = opendir("/proc");
  if (!scan.directory) return false;
  for (size_t i = 0; i < runs; i++)
    if (!runs_at(i)->gone) add_run(runs_at(i));
  qsort(scan.keys, scan.key_count, sizeof *scan.keys, by_number);
  return true;
}

const struct usage *usage_scan(size_t *count) {
  static const struct usage nothing;
  *count = 0;
  if (!scan.directory && !begin_scan()) return &nothing;
  for (int i = 0; i < PROCESSES_AT_ONCE;) {
    const struct dirent *entry = readdir(scan.directory);
    if (!entry) {
      closedir(scan.directory);
      scan.directory = NULL;
      *count = scan.count;
      return scan.usages;
    }
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    struct proc_stat stat;
    if (proc_stat((pid_t)atoi(entry->d_name), &stat)) add_process(&stat);
    i++;
  }
  return NULL;
}

void usage_free(void) {
  if (scan.directory) closedir(scan.directory);
  for (size_t i = 0; i < scan.count; i++) free((char *)scan.usages[i].daemon);
  free(scan.usages);
  free(scan.keys);
  memset(&scan, 0, sizeof scan);
}
