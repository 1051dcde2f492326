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
  bool torn; /* the line it begins with has lost its beginning */
  char daemon[];
};
/* Text that was read together. */
struct segment {
  uint64_t wall_ms : 44, bytes : 16;
  uint64_t order : 44, run : 20; /* order: over all rings; run: its number, as far as it fits */
};
enum { RING_RUN_MASK = 0xfffff };
/* A place in a ring, from which one goes back. Good until more is added to any ring. */
struct ring_place {
  const struct ring *ring;
  size_t start, end; /* of what is not passed of a segment's text */
  struct segment segment;
};
struct ring_line {
  struct ring_place end; /* its segment is the one that the line ends in */
  size_t bytes;          /* without the newline */
  bool ended;            /* by a newline */
  bool torn;             /* its beginning is not kept any more */
};

/* A daemon's ring, made when it is missing; "-" is pitcrew's own. NULL: no memory for it. */
struct ring *ring_of(const char *daemon);
const struct ring *ring_find(const char *daemon); /* or NULL */
size_t rings_count(void);
const struct ring *ring_at(size_t index);
/* The end of text that is longer than the ring; nothing where there is no memory. */
void ring_add(struct ring *ring, int run, const unsigned char *text, size_t bytes, int64_t wall_ms);

struct ring_place ring_end(const struct ring *ring);
/* Goes back over a line; false when there is none before. */
bool ring_line_before(struct ring_place *place, struct ring_line *line);
/* Copies the last `bytes` of a line, so that they end at `end`. */
void ring_copy_line(const struct ring_line *line, size_t bytes, unsigned char *end);
/* The last whole lines of a run that fit, or the end of a line that is longer alone, without the
 * newline behind them; at the end of the buffer. */
size_t ring_last_lines(const char *daemon, int run, unsigned char *buffer, size_t room);

#endif
