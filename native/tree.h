/* A run is more than its leader: see tree.c. */
#ifndef PITCREW_TREE_H
#define PITCREW_TREE_H

#include "host.h"

/* ---- tree.c */

enum stop_target { STOP_LEADER, STOP_REST, STOP_TREE };
void tree_turn(void);
double tree_wake_ms(void);
void tree_changed(void); /* a child ended: look again */
/* Both: 0, ESRCH = nothing is left of it, or errno. */
int tree_stop(struct run *run, int signal, enum stop_target to);
int tree_signal(struct run *run, int signal, bool whole_group);
size_t tree_members(struct run *run, pid_t *pids, size_t max);
void tree_init(void);
uint64_t tree_next_mark(void);

/* ---- stray.c: processes that are watched through pidfds */

void stray_ready(struct stray *stray);
bool stray_exists(const struct run *run, pid_t pid);
bool strays_live(const struct run *run);
/* Watches a process of the run until it ends. False: it is there, and cannot be watched. */
bool stray_watch(struct run *run, pid_t pid, uint64_t start);
/* A stop signal, with CONT behind it; those in the group are reached with that. */
void strays_stop(const struct run *run, int signal);
/* What descends from the leader and has no mark: descent is lost when the leader ends. */
void strays_remember(struct run *run);
int stop_pid(pid_t pid, int signal); /* 0 or errno; a negative pid is a group */
/* A process that a scan has seen, unless its number is that of another one by now. */
struct seen;
void stop_seen(const struct seen *seen, int signal);

/* ---- unattributed.c: what descends from us and is of no run, in each scan and at its end */

void unattributed_found(const struct seen *seen);
void unattributed_tell(void);

/* ---- children.c */

/* Those that we had when we began (of a shell that became us) stay when we end. */
void children_init(bool end_with_us);
bool children_are_own(pid_t pid); /* a helper, or one that we had when we began */
void children_reaped(pid_t pid);
bool children_orphaned(void); /* there are some that are neither leaders nor our own */
bool children_end(void);      /* KILL to what is left; true: nothing is */
void children_kill(void);     /* the same from a signal handler, again and again for a short time */

#endif
