/* The run that a process belongs to, found from its ancestors. */
#ifndef PITCREW_TREE_ORIGIN_H
#define PITCREW_TREE_ORIGIN_H

#include <stdbool.h>
#include <sys/types.h>

struct run;

enum origin_kin {
  ORIGIN_NONE,       /* does not descend from us */
  ORIGIN_DESCENDANT, /* descends from us, but from no known run */
  ORIGIN_MARKED,     /* the same, and has the mark of a run, which any process can set */
  ORIGIN_RUN,        /* is in the group of a run, or descends from it */
};
struct origin {
  enum origin_kin kin;
  const struct run *run; /* for the last two kinds */
};

/* False: it has ended, or no descriptor or memory is left to look it up. */
bool origin_of(pid_t pid, struct origin *origin);

#endif
