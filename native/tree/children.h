/* Our own children: reaped, told apart, and ended. */
#ifndef PITCREW_TREE_CHILDREN_H
#define PITCREW_TREE_CHILDREN_H

#include <stdbool.h>

struct seen;

/* Those that we had when we began (of a shell that became us) stay when we end. */
void children_init(bool end_with_us);
bool children_reap(void); /* a batch; true = there may be more */
bool children_orphaned(
    void);                /* there are some that are neither leaders nor helpers nor from before */
bool children_end(void);  /* KILL to what is left; true: nothing is */
void children_kill(void); /* the same from a signal handler, again and again for a short time */

/* What descends from us and is of no run: in each scan, and at its end. */
void unattributed_found(const struct seen *seen);
void unattributed_report(void);

#endif
