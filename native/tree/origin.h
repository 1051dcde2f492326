/* Where a process comes from, by one look at it and its ancestors. */
#ifndef PITCREW_TREE_ORIGIN_H
#define PITCREW_TREE_ORIGIN_H

#include <stdbool.h>
#include <sys/types.h>

struct run;

enum origin_kin {
  ORIGIN_NONE,       /* does not descend from us */
  ORIGIN_DESCENDANT, /* descends from us, by way of no run that is known */
  ORIGIN_MARKED,     /* the same, but has the mark of a run, which any process could give itself */
  ORIGIN_RUN,        /* is in the group of a run, or descends from one */
};
struct origin {
  enum origin_kin kin;
  const struct run *run; /* of the last two */
};

/* False: it has ended, or cannot be looked at for want of descriptors or memory. */
bool origin_of(pid_t pid, struct origin *origin);

#endif
