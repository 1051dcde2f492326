/* A daemon's text on its way to the output, and the inner loops that split it into lines. */
#ifndef PITCREW_OUTPUT_LINE_H
#define PITCREW_OUTPUT_LINE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A daemon's prefix, and its unfinished line. */
struct lines {
  const char *daemon;
  unsigned char prefix[NAME_BYTES_MAX + 4];
  size_t prefix_bytes;
  unsigned char *partial;
  size_t partial_bytes, partial_room;
};

/* A piece of text, and how much of it is formatted. COPY_SLACK_BYTES after its end may be read. */
struct chunk {
  const unsigned char *text;
  size_t at, end;
};

/* The part of a text that belongs to the unfinished line of `before` bytes. */
struct cut {
  size_t bytes; /* without the newline */
  bool newline; /* follows */
  bool ends;    /* the line ends, by a newline or because it is too long */
};
static inline struct cut line_cut(size_t before, const unsigned char *from, size_t bytes) {
  size_t room = LINE_BYTES_MAX - before;
  const unsigned char *newline = memchr(from, '\n', bytes <= room ? bytes : room + 1);
  if (newline) return (struct cut){(size_t)(newline - from), true, true};
  return (struct cut){bytes < room ? bytes : room, false, bytes > room};
}

/* ---- Copying up to a newline: one pass that searches and copies 16 bytes at a time is faster than
 * memchr and memcpy for lines of ordinary length. */

/* Bytes after the end of both buffers that may be read or written (never counted). */
enum { COPY_SLACK_BYTES = 16 };

#ifdef __SSE2__
#include <emmintrin.h>

/* Copies until a newline was copied or `bytes` are done. Returns the number of bytes copied;
 * *found: the last one is a newline. */
static inline size_t copy_until_newline(unsigned char *to, const unsigned char *from, size_t bytes,
                                        int *found) {
  const __m128i newline = _mm_set1_epi8('\n');
  for (size_t at = 0; at < bytes; at += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(from + at));
    _mm_storeu_si128((__m128i *)(to + at), block);
    int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(block, newline));
    if (!mask) continue;
    size_t end = at + (size_t)__builtin_ctz((unsigned)mask) + 1;
    *found = end <= bytes;
    return end <= bytes ? end : bytes;
  }
  *found = 0;
  return bytes;
}

#else

static inline size_t copy_until_newline(unsigned char *to, const unsigned char *from, size_t bytes,
                                        int *found) {
  const unsigned char *newline = memchr(from, '\n', bytes);
  size_t length = newline ? (size_t)(newline - from) + 1 : bytes;
  memcpy(to, from, length);
  *found = newline != NULL;
  return length;
}

#endif
#endif
