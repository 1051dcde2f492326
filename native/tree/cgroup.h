/* Our control group's counter of kills for memory. */
#ifndef PITCREW_TREE_CGROUP_H
#define PITCREW_TREE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* -1 = not known. Watched: event_oom_kills follows on a growth, half a second to one later. */
int64_t cgroup_oom_kills(bool *watched);
void cgroup_news(void); /* the counter may have grown */
void cgroup_turn(void);
double cgroup_wake_ms(void);

#endif
