/* Checks what a supervisor made of the writers' lines. */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stddef.h>

/* What has come so far. `fault` is the first one in words, empty when there is none: a line that is
 * lost, torn, changed, doubled or behind a wrong prefix. */
struct checked {
  long lines, bytes;
  char fault[256];
};
extern struct checked checked;

/* Reads a table: first "BYTES OWN", the length of a daemon's line as it was written and how the
 * supervisor's own lines begin ("-": it has none); then a line "NAME PREFIX" for each daemon, where
 * a prefix may hold spaces and be empty. Ends the process when it cannot. */
void check_with(const char *table);

/* Looks at whole lines and returns how many bytes they are. */
size_t check_lines(const char *from, size_t bytes);

/* The time in a stamper's line, in ns; 0 when it is a line of the supervisor's own, or wrong. */
long long check_stamp(const char *line, size_t bytes);

#endif
