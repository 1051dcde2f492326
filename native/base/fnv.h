/* FNV-1a, 64 bits. */
#ifndef PITCREW_BASE_FNV_H
#define PITCREW_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_BASIS 0xcbf29ce484222325u

static inline uint64_t fnv1a(uint64_t sum, const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3u;
  return sum;
}

#endif
