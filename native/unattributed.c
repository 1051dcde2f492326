/* Processes that descend from us and are of no run that is known: each is told once. */
#define _GNU_SOURCE
#include "scan.h"
#include "tree.h"

enum { KNOWN_MAX = 64, TOLD_MAX = 16 };

static struct known {
  pid_t pid;
  uint64_t start;
  bool is_there;
} known[KNOWN_MAX];
static size_t count;
static pid_t fresh[TOLD_MAX];
static size_t fresh_count;

void unattributed_found(const struct seen *seen) {
  for (size_t i = 0; i < count; i++) {
    if (known[i].pid != seen->pid || known[i].start != seen->start) continue;
    known[i].is_there = true;
    return;
  }
  if (count == KNOWN_MAX || fresh_count == TOLD_MAX || children_are_own(seen->pid)) return;
  known[count++] = (struct known){seen->pid, seen->start, true};
  fresh[fresh_count++] = seen->pid;
}

void unattributed_tell(void) {
  for (size_t i = count; i > 0; i--) {
    if (!known[i - 1].is_there) known[i - 1] = known[--count];
  }
  for (size_t i = 0; i < count; i++) known[i].is_there = false;
  size_t told = fresh_count;
  fresh_count = 0;
  if (told > 0) event_unattributed(fresh, told);
}
