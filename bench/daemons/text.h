/* The lines that a writer writes and the stopwatch checks: "NAME 00000042 …\n". The text of a line
 * is determined by its number, so that a torn, truncated or mixed line is detected. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <string.h>

enum { ALPHABET = 26, NUMBER_BYTES = 8, TEXT_BYTES = 4096 + ALPHABET };

static char text[TEXT_BYTES];

static void make_text(void) {
  for (int i = 0; i < TEXT_BYTES; i++) text[i] = (char)('a' + i % ALPHABET);
}

static const char *text_of(long n) { return text + n % ALPHABET; }

/* Eight digits and a space. */
static inline void write_number(char *to, long n) {
  to[NUMBER_BYTES] = ' ';
  for (int i = NUMBER_BYTES - 1; i >= 0; i--, n /= 10) to[i] = (char)('0' + n % 10);
}

static inline void write_line(char *to, size_t bytes, const char *name, long n) {
  size_t at = strlen(name);
  memcpy(to, name, at);
  to[at++] = ' ';
  write_number(to + at, n);
  at += NUMBER_BYTES + 1;
  memcpy(to + at, text_of(n), bytes - at - 1);
  to[bytes - 1] = '\n';
}

#endif
