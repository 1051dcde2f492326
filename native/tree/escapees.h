/* Processes of a run that are watched and signalled through pidfds. */
#ifndef PITCREW_TREE_ESCAPEES_H
#define PITCREW_TREE_ESCAPEES_H

#include "tree/scan.h"

struct escapee;

int stop_pid(pid_t pid, int signal); /* 0 or errno; a negative pid is a group */
/* A process that a scan has seen, unless its number is that of another one by now. */
void stop_seen(const struct seen *seen, int signal);

/* Watches a process of the run until it ends. False: it is there, and cannot be watched. */
bool escapee_watch(struct run *run, pid_t pid, uint64_t start);
void escapee_ended(struct escapee *escapee); /* its pidfd is readable */
/* A stop signal, with CONT behind it; those in the group are reached with that. */
void escapees_stop(const struct run *run, int signal);
/* What descends from the leader and has no mark: descent is lost when the leader ends. */
void escapees_remember(struct run *run);
void escapees_forget(struct run *run);

#endif
