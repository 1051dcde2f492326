/* The last lines of each daemon, with their times. */
#ifndef PITCREW_OUTPUT_RING_H
#define PITCREW_OUTPUT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_BYTES_MAX = 16 * 1024, RINGS_TOTAL_BYTES = 2 * 1024 * 1024 };

struct ring {
  unsigned char *text;
  uint32_t room, used;
  bool truncated; /* the beginning of its first line is lost */
  char daemon[];
};
/* Text that was read in one piece. */
struct segment {
  uint64_t wall_ms : 44, bytes : 16;
  uint64_t order : 44, run : 20; /* order: over all rings; run: the low bits of its number */
};
enum { RING_RUN_MASK = 0xfffff };
/* A position in a ring, from which lines are read backwards. Valid until text is added to any ring.
 */
struct ring_place {
  const struct ring *ring;
  size_t start, end; /* of the rest of the segment's text */
  struct segment segment;
};
struct ring_line {
  struct ring_place end; /* in the segment that the line ends in */
  size_t bytes;          /* without the newline */
  bool ended;            /* by a newline */
  bool truncated;        /* its beginning is lost */
};

/* A daemon's ring, created if missing; "-" is pitcrew's own. NULL: no memory. */
struct ring *ring_of(const char *daemon);
const struct ring *ring_find(const char *daemon); /* or NULL */
size_t rings_count(void);
const struct ring *ring_at(size_t index);
/* Keeps only the end of text that is longer than the ring, and nothing without memory. */
void ring_add(struct ring *ring, int run, const unsigned char *text, size_t bytes, int64_t wall_ms);

struct ring_place ring_end(const struct ring *ring);
/* Moves back over a line. False: there is none before. */
bool ring_line_before(struct ring_place *place, struct ring_line *line);
/* Copies the last `bytes` of a line, so that they end at `end`. */
void ring_copy_line(const struct ring_line *line, size_t bytes, unsigned char *end);
/* Writes the last whole lines of a run that fit (or the end of a single longer line), without the
 * last newline, to the end of the buffer. Returns their length. */
size_t ring_last_lines(const char *daemon, int run, unsigned char *buffer, size_t room);

#endif
