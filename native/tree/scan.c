/* One scan of /proc for all runs. Four thousand processes take about 40 ms, so a scan is split into
 * slices over several turns of the loop.
 *
 * A process belongs to a run by its group, by its mark, because it is a known escapee, or because
 * it descends from such a process. Any other descendant of ours belongs to no known run. */
#define _GNU_SOURCE
#include "tree/scan.h"
#include "base/clock.h"
#include "process/descriptors.h"
#include "tree/proc.h"
#include "tree/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLICE = 512, SHARE = 4, RETRY_MS = 100 };

struct key {
  uint64_t number;
  struct run *run;
};

static DIR *directory;
static struct scanned *scanned;
static size_t count, room;
static bool is_sorted, failed;
static double spent_ms, next_ms;
static struct key *keys;
static size_t key_count;

bool scan_is_running(void) { return directory != NULL; }

double scan_next_ms(void) { return next_ms; }

/* ---- reading */

/* If memory or descriptors run out, a process could be missed and its run be considered over. */
static bool is_resource_error(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* A scan ends runs, which frees descriptors: two are reserved for it. */
static int reserve[2] = {-1, -1};

void scan_init(void) {
  for (int i = 0; i < 2; i++)
    if (reserve[i] < 0) reserve[i] = fd_moved_up(open("/dev/null", O_PATH | O_CLOEXEC));
}

/* True: the reserve was freed, so a retry may succeed. */
static bool free_reserve(void) {
  bool used = (errno == EMFILE || errno == ENFILE) && reserve[0] >= 0;
  for (int i = 0; used && i < 2; i++) {
    if (reserve[i] >= 0) close(reserve[i]);
    reserve[i] = -1;
  }
  return used;
}

static bool add_process(pid_t pid) {
  struct proc_stat stat;
  errno = 0;
  bool known = proc_stat(pid, &stat) || (free_reserve() && proc_stat(pid, &stat));
  if (!known) return !is_resource_error(errno);
  if (count == room) {
    size_t more = room ? room * 2 : 64;
    struct scanned *grown = realloc(scanned, more * sizeof *scanned);
    if (!grown) return false;
    scanned = grown;
    room = more;
  }
  is_sorted &= count == 0 || scanned[count - 1].pid < pid;
  scanned[count++] = (struct scanned){.pid = pid,
                                      .parent = stat.parent,
                                      .group = stat.group,
                                      .state = stat.state,
                                      .mark = stat.mark,
                                      .start = stat.start};
  return true;
}

/* True: the end was reached. */
static bool read_slice(void) {
  for (int left = SLICE; left > 0;) {
    struct dirent *entry = readdir(directory);
    if (!entry) return true;
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    failed = !add_process((pid_t)atoi(entry->d_name));
    if (failed) return true;
    left--;
  }
  return false;
}

static int by_pid(const void *a, const void *b) {
  return ((const struct scanned *)a)->pid - ((const struct scanned *)b)->pid;
}

/* ---- attribution */

/* Groups are small numbers, marks are above 2^62, escapees are in between. */
static uint64_t escapee_key(pid_t pid) { return 1ull << 40 | (uint64_t)pid; }

static int by_number(const void *a, const void *b) {
  uint64_t first = ((const struct key *)a)->number, second = ((const struct key *)b)->number;
  return (first > second) - (first < second);
}

static struct run *run_by_key(uint64_t number) {
  struct key wanted = {.number = number};
  const struct key *found = bsearch(&wanted, keys, key_count, sizeof wanted, by_number);
  return found ? found->run : NULL;
}

static bool make_keys(void) {
  size_t most = 0;
  for (size_t i = 0; i < runs_count(); i++) {
    most += 2;
    for (const struct escapee *e = runs_at(i)->escapees; e; e = e->next) most++;
  }
  keys = malloc((most + 1) * sizeof *keys);
  if (!keys) return false;
  key_count = 0;
  for (size_t i = 0; i < runs_count(); i++) {
    struct run *run = runs_at(i);
    if (run->gone) continue;
    if (!run->group_empty) keys[key_count++] = (struct key){(uint64_t)run->pid, run};
    if (run->mark) keys[key_count++] = (struct key){run->mark, run};
    for (const struct escapee *e = run->escapees; e; e = e->next)
      if (e->pid) keys[key_count++] = (struct key){escapee_key(e->pid), run};
  }
  qsort(keys, key_count, sizeof *keys, by_number);
  return true;
}

static struct run *direct_run(const struct scanned *one) {
  struct run *run = run_by_key((uint64_t)one->group);
  if (!run) run = run_by_key(escapee_key(one->pid));
  return run || one->mark >> 62 != 1 ? run : run_by_key(one->mark);
}

static struct scanned *parent_of(const struct scanned *one) {
  struct scanned wanted = {.pid = one->parent};
  return bsearch(&wanted, scanned, count, sizeof wanted, by_pid);
}

static void resolve_alone(struct scanned *one, const struct scanned *parent) {
  one->run = direct_run(one);
  if (one->run)
    one->kin = KIN_RUN;
  else if (one->parent == getpid())
    one->kin = KIN_OURS;
  else if (!parent || one->pid == getpid())
    one->kin = KIN_NONE;
}

/* Walks up to the first ancestor that is resolved, and gives its result to all on the way. */
static void resolve(struct scanned *first) {
  struct scanned *at = first;
  for (size_t steps = 0; at->kin == KIN_NOT_RESOLVED; steps++) {
    struct scanned *parent = parent_of(at);
    resolve_alone(at, parent);
    if (at->kin != KIN_NOT_RESOLVED) break;
    if (steps > count)
      at->kin = KIN_NONE; /* Parents changed while we read. */
    else
      at = parent;
  }
  for (struct scanned *one = first; one->kin == KIN_NOT_RESOLVED; one = parent_of(one)) {
    one->kin = at->kin;
    one->run = at->run;
  }
}

/* ---- turns */

static void end_scan(void) {
  closedir(directory);
  directory = NULL;
  free(scanned);
  free(keys);
  scanned = NULL;
  keys = NULL;
  room = 0;
  scan_init();
}

static bool begin_scan(void) {
  directory = opendir("/proc");
  if (!directory && free_reserve()) directory = opendir("/proc");
  failed = !directory && is_resource_error(errno);
  count = 0;
  spent_ms = 0;
  is_sorted = true;
  return directory != NULL;
}

bool scan_turn(void (*visit)(const struct scanned *scanned)) {
  double began = now_ms();
  if (!directory && !begin_scan()) {
    next_ms = began + RETRY_MS;
    return !failed;
  }
  if (!read_slice()) {
    spent_ms += now_ms() - began;
    return false;
  }
  failed = failed || !make_keys();
  if (!failed) {
    if (!is_sorted) qsort(scanned, count, sizeof *scanned, by_pid);
    for (size_t i = 0; i < count; i++) resolve(&scanned[i]);
    for (size_t i = 0; i < count; i++) visit(&scanned[i]);
  }
  end_scan();
  double now = now_ms();
  next_ms = failed ? now + RETRY_MS : now + SHARE * (spent_ms + now - began);
  return !failed;
}
