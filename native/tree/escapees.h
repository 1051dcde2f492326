/* Processes of a run that are watched and signalled through pidfds. */
#ifndef PITCREW_TREE_ESCAPEES_H
#define PITCREW_TREE_ESCAPEES_H

#include "tree/scan.h"

struct escapee;

int stop_pid(pid_t pid, int signal); /* 0 or errno; a negative pid is a group */
/* A process that was scanned, unless its pid was reused. */
void stop_scanned(const struct scanned *scanned, int signal);

/* Watches a process of the run until it ends. False: it exists and cannot be watched. */
bool escapee_watch(struct run *run, pid_t pid, uint64_t start);
void escapee_ended(struct escapee *escapee); /* its pidfd is readable */
/* Sends a stop signal and CONT to those outside of the group. */
void escapees_stop(const struct run *run, int signal);
/* Watches descendants of the leader without a mark: their descent is lost when the leader ends. */
void escapees_record(struct run *run);
void escapees_release(struct run *run);

#endif
