/* One ring for each daemon, across its runs. Only the last 16 KiB of a piece of text are copied,
 * and once, so the pump at full speed is not slowed down.
 *
 *   text  trailer  text  trailer  …      a trailer records when the text before it was read
 *
 * Trailers come after their text, because rings are read from the end. When a ring is full, its
 * older half is discarded at once: so text is moved once, and is contiguous.
 *
 * A ring starts small and doubles, since most daemons print little. All rings together have 2 MiB
 * of text. When these are used up, a ring that grows takes half of one that is at least four times
 * as large: so daemons that print much end up with equal rings, and each has one. */
#define _GNU_SOURCE
#include "output/ring.h"
#include "base/fnv.h"

#include <stdlib.h>
#include <string.h>

enum { TRAILER = sizeof(struct segment), ROOM_FIRST = 128, SIZES = 8 };
_Static_assert(ROOM_FIRST << (SIZES - 1) == RING_BYTES_MAX, "a size for each doubling");
enum { RINGS_MAX = RINGS_TOTAL_BYTES / ROOM_FIRST };

/* Found by a linear search over hashes; a daemon's pipe remembers its ring. */
static struct ring **rings;
static uint32_t *hashes;
static size_t count, capacity, total;
static size_t of_size[SIZES]; /* number of rings of the size ROOM_FIRST << index */
static struct ring *newest;   /* the last ring that was added to */
static uint64_t next_order;

/* ---- the table */

static uint32_t hash_of(const char *daemon) {
  return (uint32_t)fnv1a(FNV_BASIS, daemon, strlen(daemon));
}

static bool table_has_room(void) {
  if (count < capacity) return true;
  size_t wanted = capacity ? capacity * 2 : 16;
  void *r = realloc(rings, wanted * sizeof *rings);
  if (r) rings = r;
  void *h = realloc(hashes, wanted * sizeof *hashes);
  if (h) hashes = h;
  if (!r || !h) return false;
  capacity = wanted;
  return true;
}

static struct ring *find(const char *daemon, uint32_t hash) {
  for (size_t i = 0; i < count; i++)
    if (hashes[i] == hash && strcmp(rings[i]->daemon, daemon) == 0) return rings[i];
  return NULL;
}

const struct ring *ring_find(const char *daemon) { return find(daemon, hash_of(daemon)); }

struct ring *ring_of(const char *daemon) {
  uint32_t hash = hash_of(daemon);
  struct ring *ring = find(daemon, hash);
  if (ring || count == RINGS_MAX || !table_has_room()) return ring;
  size_t name_bytes = strlen(daemon) + 1;
  ring = calloc(1, sizeof *ring + name_bytes);
  if (!ring) return NULL;
  memcpy(ring->daemon, daemon, name_bytes);
  hashes[count] = hash;
  rings[count++] = ring;
  return ring;
}

size_t rings_count(void) { return count; }
const struct ring *ring_at(size_t index) { return rings[index]; }

/* ---- segments */

static struct segment trailer(const struct ring *ring, size_t end) {
  struct segment segment;
  memcpy(&segment, ring->text + end - TRAILER, TRAILER);
  return segment;
}

static void put_trailer(struct ring *ring, size_t end, struct segment segment) {
  memcpy(ring->text + end - TRAILER, &segment, TRAILER);
}

/* Discards the oldest text until at most `bytes` are left. */
static void trim(struct ring *ring, size_t bytes) {
  size_t at = ring->used;
  while (at > 0) {
    size_t whole = TRAILER + trailer(ring, at).bytes;
    if (ring->used - at + whole > bytes) break;
    at -= whole;
  }
  if (at == 0) return; /* All of it fits. */
  size_t rest = bytes - (ring->used - at), start = at;
  ring->truncated = ring->text[at - TRAILER - 1] != '\n';
  if (rest > TRAILER) { /* Keep the end of the segment before. */
    struct segment segment = trailer(ring, at);
    segment.bytes = (rest - TRAILER) & 0xffff;
    start = at - rest;
    ring->truncated = ring->text[start - 1] != '\n';
    put_trailer(ring, at, segment);
  }
  memmove(ring->text, ring->text + start, ring->used - start);
  ring->used -= (uint32_t)start;
}

/* ---- memory */

static size_t size_of(size_t room) {
  return (size_t)__builtin_ctzl(room) - (size_t)__builtin_ctzl(ROOM_FIRST);
}

static bool resize(struct ring *ring, size_t room) {
  unsigned char *text = realloc(ring->text, room);
  if (!text) return false;
  if (ring->room) of_size[size_of(ring->room)]--;
  of_size[size_of(room)]++;
  total = total - ring->room + room;
  ring->text = text;
  ring->room = (uint32_t)room;
  return true;
}

static bool any_ring_of(size_t room) {
  for (size_t size = size_of(room); size < SIZES; size++)
    if (of_size[size]) return true;
  return false;
}

/* Halves the largest ring, if it is at least twice as large as wanted. */
static bool shrink_largest(size_t wanted) {
  if (wanted * 2 > RING_BYTES_MAX || !any_ring_of(wanted * 2)) return false;
  struct ring *largest = rings[0];
  for (size_t i = 1; i < count; i++)
    if (rings[i]->room > largest->room) largest = rings[i];
  trim(largest, largest->room / 2);
  return resize(largest, largest->room / 2);
}

static bool has_memory(const struct ring *ring, size_t room) {
  while (total - ring->room + room > RINGS_TOTAL_BYTES)
    if (!shrink_largest(room)) return false;
  return true;
}

/* Grows to what is wanted, or as far as memory allows. */
static void grow(struct ring *ring, size_t wanted) {
  size_t room = ring->room ? ring->room : ROOM_FIRST;
  while (room < wanted && room < RING_BYTES_MAX) room *= 2;
  for (; room >= ROOM_FIRST && room > ring->room; room /= 2)
    if (has_memory(ring, room) && resize(ring, room)) return;
}

void ring_add(struct ring *ring, int run, const unsigned char *text, size_t bytes, int64_t ms) {
  if (bytes == 0) return;
  if (ring->used + bytes + TRAILER > ring->room) grow(ring, ring->used + bytes + TRAILER);
  if (ring->room == 0) return;
  if (bytes + TRAILER > ring->room) {
    size_t gone = bytes + TRAILER - ring->room;
    ring->truncated = text[gone - 1] != '\n';
    ring->used = 0;
    text += gone;
    bytes -= gone;
  } else if (ring->used + bytes + TRAILER > ring->room) {
    size_t left = ring->room - bytes - TRAILER;
    trim(ring, left < ring->room / 2 ? left : ring->room / 2);
  }
  struct segment segment = {.wall_ms = (uint64_t)ms & 0xfffffffffff,
                            .run = (unsigned)run & RING_RUN_MASK};
  struct segment last = ring->used ? trailer(ring, ring->used) : (struct segment){0};
  if (ring == newest && last.wall_ms == segment.wall_ms && last.run == segment.run) {
    segment = last; /* No other ring was added to meanwhile: continue the segment. */
    ring->used -= TRAILER;
  } else {
    segment.order = ++next_order & 0xfffffffffff;
  }
  newest = ring;
  memcpy(ring->text + ring->used, text, bytes);
  ring->used += (uint32_t)(bytes + TRAILER);
  segment.bytes = (segment.bytes + bytes) & 0xffff;
  put_trailer(ring, ring->used, segment);
}

/* ---- lines, from the last one back: a line may span several segments; text of another run ends it
 */

/* Moves to the segment that ends at `end`. False: there is none. */
static bool enter_segment(struct ring_place *place, size_t end) {
  if (end == 0) return false;
  place->segment = trailer(place->ring, end);
  place->end = end - sizeof place->segment;
  place->start = place->end - place->segment.bytes;
  return true;
}

struct ring_place ring_end(const struct ring *ring) {
  struct ring_place place = {.ring = ring};
  enter_segment(&place, ring->used);
  return place;
}

bool ring_line_before(struct ring_place *place, struct ring_line *line) {
  if (place->end == place->start && !enter_segment(place, place->start)) return false;
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
    if (!enter_segment(&older, place->start)) {
      line->truncated = place->ring->truncated;
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
    enter_segment(&place, place.start);
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
    size_t wanted = line.bytes + any; /* and the newline before the line that follows */
    if (any && (line.truncated || used + wanted > room)) break;
    if (any) buffer[room - ++used] = '\n';
    size_t copied = line.bytes < room - used ? line.bytes : room - used;
    ring_copy_line(&line, copied, buffer + room - used);
    used += copied;
    any = true;
    if (copied < line.bytes) break;
  }
  return used;
}
