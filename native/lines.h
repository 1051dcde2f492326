/* One daemon's text on its way to the output: its prefix, and the line that has not ended yet. */
#ifndef PITCREW_LINES_H
#define PITCREW_LINES_H

#include "host.h"

#include <string.h>

struct lines {
  const char *daemon;
  unsigned char prefix[NAME_BYTES_MAX + 4];
  size_t prefix_bytes;
  unsigned char *partial;
  size_t partial_bytes, partial_room;
};

/* A piece of text, and how far it is formatted. COPY_SLACK_BYTES behind its end may be read. */
struct chunk {
  const unsigned char *text;
  size_t at, end;
};

/* What of some text, behind an unfinished line of `before` bytes, belongs to that line. */
struct cut {
  size_t bytes; /* without the newline */
  bool newline; /* is behind them */
  bool ends;    /* the line does, since it has a newline or is too long */
};
static inline struct cut line_cut(size_t before, const unsigned char *from, size_t bytes) {
  size_t room = LINE_BYTES_MAX - before;
  const unsigned char *newline = memchr(from, '\n', bytes <= room ? bytes : room + 1);
  if (newline) return (struct cut){(size_t)(newline - from), true, true};
  return (struct cut){bytes < room ? bytes : room, false, bytes > room};
}

void lines_init(struct lines *lines, const char *daemon);
/* As far as stdout takes it; true when all of the chunk is done. */
bool lines_format(struct lines *lines, struct chunk *chunk);
/* The unfinished line is kept elsewhere from now on. */
void lines_forget(struct lines *lines);
/* The last line may have no newline: it gets one. What does not fit any more is counted. */
void lines_end(struct lines *lines);

#endif
