/* Our children: reaping, identifying and killing them. */
#ifndef PITCREW_TREE_CHILDREN_H
#define PITCREW_TREE_CHILDREN_H

#include <stdbool.h>

struct scanned;

/* Children that existed when we began (of a shell that executed us) are not killed at the end. */
void children_init(bool end_with_us);
bool children_reap(void);            /* true = there may be more */
bool children_orphaned(void);        /* some are neither leaders nor helpers, and are new */
bool children_kill_all(void);        /* sends KILL to the rest; true = none is left */
void children_kill_in_handler(void); /* the same in a signal handler, repeated for a short time */

/* Descendants that belong to no run: called for each in a scan, and at its end. */
void unattributed_add(const struct scanned *scanned);
void unattributed_report(void);

#endif
