/* The lines of a ring, from the last one back. A line may lie in several segments; text of another
 * run ends it. */
#define _GNU_SOURCE
#include "ring.h"

#include <string.h>

/* To the segment that ends at `end`; false when there is none. */
static bool enter(struct ring_place *place, size_t end) {
  if (end == 0) return false;
  place->segment = ring_trailer(place->ring, end);
  place->end = end - sizeof place->segment;
  place->start = place->end - place->segment.bytes;
  return true;
}

struct ring_place ring_end(const struct ring *ring) {
  struct ring_place place = {.ring = ring};
  enter(&place, ring->used);
  return place;
}

bool ring_line_before(struct ring_place *place, struct ring_line *line) {
  if (place->end == place->start && !enter(place, place->start)) return false;
  const unsigned char *text = place->ring->text;
  bool ended = text[place->end - 1] == '\n';
  place->end -= ended;
  *line = (struct ring_line){.end = *place, .ended = ended};
  for (;;) {
    const unsigned char *newline = memrchr(text + place->start, '\n', place->end - place->start);
    size_t from = newline ? (size_t)(newline - text) + 1 : place->start;
    line->bytes += place->end - from;
    place->end = from;
    if (newline) return true;
    struct ring_place older = *place;
    if (!enter(&older, place->start)) {
      line->torn = place->ring->torn;
      return true;
    }
    if (older.segment.run != line->end.segment.run) return true;
    *place = older;
  }
}

void ring_copy_line(const struct ring_line *line, size_t bytes, unsigned char *end) {
  struct ring_place place = line->end;
  for (;;) {
    size_t piece = place.end - place.start;
    if (piece > bytes) piece = bytes;
    end -= piece;
    bytes -= piece;
    memcpy(end, place.ring->text + place.end - piece, piece);
    if (bytes == 0) return;
    enter(&place, place.start);
  }
}

size_t ring_last_lines(const char *daemon, int run, unsigned char *buffer, size_t room) {
  const struct ring *ring = ring_find(daemon);
  if (!ring) return 0;
  struct ring_place place = ring_end(ring);
  struct ring_line line;
  size_t used = 0;
  bool any = false;
  while (ring_line_before(&place, &line)) {
    if (line.end.segment.run != (run & RING_RUN_MASK)) continue;
    size_t wanted = line.bytes + any; /* and the newline before the line behind it */
    if (any && (line.torn || used + wanted > room)) break;
    if (any) buffer[room - ++used] = '\n';
    size_t copied = line.bytes < room - used ? line.bytes : room - used;
    ring_copy_line(&line, copied, buffer + room - used);
    used += copied;
    any = true;
    if (copied < line.bytes) break;
  }
  return used;
}
