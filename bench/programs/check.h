/* Checks the lines of the writers as the supervisor has printed them. */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stddef.h>

/* The result so far. `fault` describes the first wrong line, and is empty if there is none: a line
 * that is lost, torn, changed, duplicated or has a wrong prefix. */
struct checked {
  long lines, bytes;
  char fault[256];
};
extern struct checked checked;

/* Reads a table. Its first line is "BYTES OWN": the length of a daemon's line as written, and the
 * start of the supervisor's own lines ("-": it prints none). A line "NAME PREFIX" follows for each
 * daemon; a prefix may contain spaces or be empty. Exits on an error. */
void check_with(const char *table);

/* Checks complete lines and returns their length in bytes. */
size_t check_lines(const char *from, size_t bytes);

/* The time in a stamper's line, in ns; 0 for a line of the supervisor itself or a wrong line. */
long long check_stamp(const char *line, size_t bytes);

#endif
