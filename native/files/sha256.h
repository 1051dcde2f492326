/* SHA-256 (FIPS 180-4). */
#ifndef PITCREW_FILES_SHA256_H
#define PITCREW_FILES_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_DIGITS = 64 };

struct sha256 {
  uint32_t state[8];
  uint64_t bytes;
  unsigned char block[64]; /* the beginning of an incomplete block */
};

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t bytes);
/* Writes the hexadecimal digits and a NUL. */
void sha256_end(struct sha256 *hash, char digits[SHA256_DIGITS + 1]);

#endif
