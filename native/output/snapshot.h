/* Past lines, merged in the order in which they were read. */
#ifndef PITCREW_OUTPUT_SNAPSHOT_H
#define PITCREW_OUTPUT_SNAPSHOT_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which lines a client asks for. */
struct logs_spec {
  const char **daemons; /* sorted by logs_sort_names; "-" = pitcrew's own lines */
  size_t count;         /* 0 = all, and pitcrew's own */
  int64_t tail;         /* past lines of each; -1 = all that are stored */
  int64_t since_ms;
  bool follow;
};
void logs_sort_names(struct logs_spec *spec);
bool logs_wants(const struct logs_spec *spec, const char *daemon);

/* Writes "<wall ms> <daemon> " and returns its length, at most LOGS_PREFIX_MAX. */
enum { LOGS_PREFIX_MAX = 24 + NAME_BYTES_MAX, LOGS_SNAPSHOT_BYTES = 512 * 1024 };
size_t logs_prefix(char *to, int64_t wall_ms, const char *daemon);

struct snapshot {
  unsigned char *memory; /* to be freed */
  const unsigned char *text;
  size_t bytes;
  uint64_t left_out; /* number of lines that did not fit: the oldest */
};
/* At most `bytes_max` bytes, and LOGS_SNAPSHOT_BYTES. False: no memory. */
bool snapshot_take(const struct logs_spec *spec, size_t bytes_max, struct snapshot *snapshot);

#endif
