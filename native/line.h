/* The inner loop of the pump: copy up to a newline. One pass that searches and copies 16 bytes at a
 * time beats memchr and memcpy behind each other on lines of ordinary length. */
#ifndef PITCREW_LINE_H
#define PITCREW_LINE_H

#include <stddef.h>
#include <string.h>

/* Bytes behind the end of both buffers that may be read or written (never counted). */
enum { COPY_SLACK_BYTES = 16 };

#ifdef __SSE2__
#include <emmintrin.h>

/* Copies from `from` until a newline was copied or `bytes` are done; returns how many bytes that
 * are. *found tells whether the last one is a newline. */
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
