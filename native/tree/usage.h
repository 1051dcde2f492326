/* What runs use now. */
#ifndef PITCREW_TREE_USAGE_H
#define PITCREW_TREE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One run; it may be over by now. */
struct usage {
  const char *daemon;
  int run;
  double cpu_ms;
  int64_t memory_kib;
  int processes;
};
/* Goes on with the look through /proc, or begins one. NULL: it is not through, call it again. Else
 * `count` of them, until usage_forget; none where it cannot be known. */
const struct usage *usage_look(size_t *count);
void usage_forget(void);

#endif
