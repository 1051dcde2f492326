/* One daemon's text on its way to the output: its prefix, and the line that has not ended yet. */
#ifndef PITCREW_LINES_H
#define PITCREW_LINES_H

#include "host.h"

struct lines {
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

void lines_init(struct lines *lines, const char *daemon);
/* As far as stdout takes it; true when all of the chunk is done. */
bool lines_format(struct lines *lines, struct chunk *chunk);
/* The last line may have no newline: it gets one. What does not fit any more is counted. */
void lines_end(struct lines *lines);

#endif
