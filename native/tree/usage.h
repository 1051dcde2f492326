/* Resource use of runs. */
#ifndef PITCREW_TREE_USAGE_H
#define PITCREW_TREE_USAGE_H

#include <stddef.h>
#include <stdint.h>

/* Of one run, which may be over by now. */
struct usage {
  const char *daemon;
  int run;
  double cpu_ms;
  int64_t memory_kib;
  int processes;
};
/* Continues a scan, or begins one. NULL: not complete, call it again. Else `count` entries, valid
 * until usage_free; none where /proc is not usable. */
const struct usage *usage_scan(size_t *count);
void usage_free(void);

#endif
