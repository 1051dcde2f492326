/* The table of live runs is the truth about processes, whatever the policy believes. An entry lives
 * from the spawn until the policy was informed that nothing of the run is left. Lookup is a linear
 * search over two dense arrays: a thousand comparisons take less than a microsecond. */
#define _GNU_SOURCE
#include "tree/runs.h"
#include "base/fnv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static struct run **runs;
static pid_t *pids;      /* of the leader; 0 after it was reaped */
static uint32_t *hashes; /* of daemon name and run number */
static size_t count, capacity, living;
static bool changed;

static uint32_t hash(const char *daemon, int number) {
  return (uint32_t)fnv1a(FNV_BASIS ^ (uint32_t)number, daemon, strlen(daemon));
}

static bool grow(void) {
  if (count < capacity) return true;
  size_t wanted = capacity ? capacity * 2 : 16;
  void *r = realloc(runs, wanted * sizeof *runs);
  if (r) runs = r;
  void *p = realloc(pids, wanted * sizeof *pids);
  if (p) pids = p;
  void *h = realloc(hashes, wanted * sizeof *hashes);
  if (h) hashes = h;
  if (!r || !p || !h) return false;
  capacity = wanted;
  return true;
}

struct run *run_add(const char *daemon, int number, pid_t pid, uint64_t mark) {
  size_t name_bytes = strlen(daemon) + 1;
  struct run *run = grow() ? calloc(1, sizeof *run + name_bytes) : NULL;
  if (!run) return NULL;
  memcpy(run->daemon, daemon, name_bytes);
  run->number = number;
  run->pid = pid;
  run->mark = mark;
  run->ready_pipe = (struct channel){{WATCH_READY}, -1, run};
  run->notify_socket = (struct channel){{WATCH_NOTIFY}, -1, run};
  runs[count] = run;
  pids[count] = pid;
  hashes[count++] = hash(daemon, number);
  living++;
  return run;
}

struct run *run_find(const char *daemon, int number) {
  uint32_t wanted = hash(daemon, number);
  for (size_t i = 0; i < count; i++)
    if (hashes[i] == wanted && runs[i]->number == number && strcmp(runs[i]->daemon, daemon) == 0)
      return runs[i];
  return NULL;
}

size_t runs_with_leader(void) { return living; }

struct run *run_of_pid(pid_t pid) {
  for (size_t i = 0; i < count; i++)
    if (pids[i] == pid) return runs[i];
  return NULL;
}

static int64_t microseconds(struct timeval time) {
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

void run_set_leader_ended(struct run *run, int wait_status, const struct rusage *usage) {
  for (size_t i = 0; i < count; i++)
    if (runs[i] == run) pids[i] = 0;
  if (!run->leader_ended) living--;
  run->leader_ended = true;
  run->cpu_us = microseconds(usage->ru_utime) + microseconds(usage->ru_stime);
  run->memory_kib = usage->ru_maxrss;
  run->exit.code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
  run->exit.signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
}

void run_remove(struct run *run) {
  for (size_t i = 0; i < count; i++) {
    if (runs[i] != run) continue;
    count--;
    runs[i] = runs[count];
    pids[i] = pids[count];
    hashes[i] = hashes[count];
    break;
  }
  free(run);
}

size_t runs_count(void) { return count; }

struct run *runs_at(size_t index) {
  return runs[index];
}

bool run_has_escapee(const struct run *run, pid_t pid) {
  for (const struct escapee *e = run->escapees; e; e = e->next)
    if (e->pid == pid) return true;
  return false;
}

bool run_has_escapees(const struct run *run) {
  for (const struct escapee *e = run->escapees; e; e = e->next)
    if (e->pid) return true;
  return false;
}

void runs_changed(void) { changed = true; }

bool runs_are_changed(void) { return changed; }

bool runs_take_changed(void) {
  bool was_changed = changed;
  changed = false;
  return was_changed;
}
