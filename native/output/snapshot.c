/* Past lines of all selected rings, in the order in which their ends were read. They are collected
 * from the newest back into a bounded buffer: what does not fit is the oldest, and the cost is
 * proportional to the result. */
#define _GNU_SOURCE
#include "output/snapshot.h"
#include "output/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The position in one ring, and its next line. */
struct cursor {
  struct ring_place place;
  struct ring_line line;
  int64_t left; /* lines to take; negative = all */
  bool any;     /* a line was taken */
};

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void logs_sort_names(struct logs_spec *spec) {
  if (spec->count) qsort(spec->daemons, spec->count, sizeof *spec->daemons, by_name);
}

bool logs_wants(const struct logs_spec *spec, const char *daemon) {
  return !spec->count ||
         bsearch(&daemon, spec->daemons, spec->count, sizeof *spec->daemons, by_name);
}

size_t logs_prefix(char *to, int64_t ms, const char *daemon) {
  return (size_t)snprintf(to, LOGS_PREFIX_MAX, "%lld %s ", (long long)ms, daemon);
}

/* An unfinished line is left to a follower, which will get it whole. A truncated line is given only
 * if it is the only one. */
static bool next_line(struct cursor *cursor, const struct logs_spec *spec) {
  struct ring_line *line = &cursor->line;
  if (cursor->left == 0 || !ring_line_before(&cursor->place, line)) return false;
  if (!cursor->any && spec->follow && !line->ended && !ring_line_before(&cursor->place, line))
    return false;
  if ((int64_t)line->end.segment.wall_ms < spec->since_ms || (line->truncated && cursor->any))
    return false;
  cursor->any = true;
  cursor->left--;
  return true;
}

/* ---- a heap, with the newest line on top */

static uint64_t order_of(const struct cursor *cursor) { return cursor->line.end.segment.order; }

static void sift_down(struct cursor *heap, size_t count, size_t at) {
  for (;;) {
    size_t child = at * 2 + 1;
    if (child + 1 < count && order_of(&heap[child + 1]) > order_of(&heap[child])) child++;
    if (child >= count || order_of(&heap[child]) <= order_of(&heap[at])) return;
    struct cursor down = heap[at];
    heap[at] = heap[child];
    heap[child] = down;
    at = child;
  }
}

static size_t start_all(struct cursor *heap, const struct logs_spec *spec) {
  size_t count = 0;
  for (size_t i = 0; i < rings_count(); i++) {
    const struct ring *ring = ring_at(i);
    if (!logs_wants(spec, ring->daemon)) continue;
    heap[count] = (struct cursor){.place = ring_end(ring), .left = spec->tail};
    if (next_line(&heap[count], spec)) count++;
  }
  for (size_t at = count / 2; at > 0; at--) sift_down(heap, count, at - 1);
  return count;
}

/* Removes the top; the new top is the next line back. */
static size_t pass_top(struct cursor *heap, size_t count, const struct logs_spec *spec) {
  if (!next_line(&heap[0], spec)) heap[0] = heap[--count];
  sift_down(heap, count, 0);
  return count;
}

/* Puts a line before those in the buffer. False: no room. */
static bool put_before(unsigned char *buffer, size_t *start, const struct ring_line *line) {
  char prefix[LOGS_PREFIX_MAX];
  size_t prefix_bytes =
      logs_prefix(prefix, (int64_t)line->end.segment.wall_ms, line->end.ring->daemon);
  if (prefix_bytes + line->bytes + 1 > *start) return false;
  buffer[--*start] = '\n';
  ring_copy_line(line, line->bytes, buffer + *start);
  *start -= line->bytes + prefix_bytes;
  memcpy(buffer + *start, prefix, prefix_bytes);
  return true;
}

bool snapshot_take(const struct logs_spec *spec, size_t bytes_max, struct snapshot *snapshot) {
  const size_t room = bytes_max < LOGS_SNAPSHOT_BYTES ? bytes_max : LOGS_SNAPSHOT_BYTES;
  struct cursor *heap = malloc((rings_count() + 1) * sizeof *heap);
  unsigned char *buffer = malloc(room);
  *snapshot = (struct snapshot){.memory = buffer};
  if (!heap || !buffer) {
    free(heap);
    free(buffer);
    return false;
  }
  size_t start = room, count = start_all(heap, spec);
  while (count > 0 && put_before(buffer, &start, &heap[0].line))
    count = pass_top(heap, count, spec);
  for (size_t i = 0; i < count; i++) do
      snapshot->left_out++;
    while (next_line(&heap[i], spec));
  free(heap);
  snapshot->text = buffer + start;
  snapshot->bytes = room - start;
  return true;
}
