/* Searches lines that arrive in pieces for a pattern: * matches any text, ? one byte, and anything
 * may stand before and after it.
 *
 * All possible matches are tracked at once, with a bit for each letter of the pattern: bit n is set
 * when the text so far ends with the letters up to n. Each byte shifts the bits by one and masks
 * those that do not fit; the bit of a letter before a * stays set until the line ends. So each byte
 * is examined once, and no line is stored. */
#define _GNU_SOURCE
#include "output/glob.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BYTE_VALUES = 256 };

struct glob {
  size_t letters, words;
  uint64_t *found, *sticky;
  uint64_t *fits; /* for each value of a byte, the letters that it matches */
  uint64_t bits[];
};

static void set_bit(uint64_t *bits, size_t n) { bits[n / 64] |= 1ull << n % 64; }

static bool has_bit(const uint64_t *bits, size_t n) { return bits[n / 64] >> n % 64 & 1; }

struct glob *glob_new(const char *text) {
  size_t bytes = strlen(text), words = bytes / 64 + 1;
  if (bytes > GLOB_BYTES_MAX) return NULL;
  struct glob *glob = calloc(1, sizeof *glob + (BYTE_VALUES + 2) * words * sizeof *glob->bits);
  if (!glob) return NULL;
  glob->words = words;
  glob->found = glob->bits;
  glob->sticky = glob->found + words;
  glob->fits = glob->sticky + words;
  for (; *text; text++) {
    if (*text == '*') {
      if (glob->letters > 0) set_bit(glob->sticky, glob->letters - 1);
      continue;
    }
    for (size_t value = 0; value < BYTE_VALUES; value++)
      if (*text == '?' || value == (unsigned char)*text)
        set_bit(glob->fits + value * words, glob->letters);
    glob->letters++;
  }
  return glob;
}

void glob_free(struct glob *glob) { free(glob); }

static void advance(struct glob *glob, unsigned char byte) {
  const uint64_t *fits = glob->fits + byte * glob->words;
  uint64_t carry = 1; /* A match may begin at any byte. */
  for (size_t i = 0; i < glob->words; i++) {
    uint64_t before = glob->found[i];
    glob->found[i] = ((before << 1 | carry) & fits[i]) | (before & glob->sticky[i]);
    carry = before >> 63;
  }
}

bool glob_feed(struct glob *glob, const unsigned char *piece, size_t bytes) {
  if (glob->letters == 0) return bytes > 0;
  for (size_t i = 0; i < bytes; i++) {
    if (piece[i] == '\n')
      memset(glob->found, 0, glob->words * sizeof *glob->found);
    else
      advance(glob, piece[i]);
    if (has_bit(glob->found, glob->letters - 1)) return true;
  }
  return false;
}
