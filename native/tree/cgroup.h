/* The counter of kills for memory in our control group. */
#ifndef PITCREW_TREE_CGROUP_H
#define PITCREW_TREE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* -1 = unknown. `watched`: event_oom_kills reports growth, half a second to one second later. */
int64_t cgroup_oom_kills(bool *watched);
void cgroup_changed(void); /* the counter may have grown */
void cgroup_turn(void);
double cgroup_wake_ms(void);

#endif
