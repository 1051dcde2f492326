/* What runs use now. */
#ifndef PITCREW_USAGE_H
#define PITCREW_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usage {
  double cpu_ms;
  int64_t memory_kib;
  int processes;
};
/* Adds up, for each run of the table in its order, `count` of them. False: it cannot be known. */
bool usage_of_runs(struct usage *usages, size_t count);

#endif
