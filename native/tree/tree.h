/* The processes of a run: signals to them, and the end of the run. */
#ifndef PITCREW_TREE_TREE_H
#define PITCREW_TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct run;

enum stop_target { STOP_LEADER, STOP_REST, STOP_TREE };
/* Both return 0, ESRCH (nothing of it is left) or errno. */
int tree_stop(struct run *run, int signal, enum stop_target to);
int tree_signal(struct run *run, int signal, bool whole_group);
size_t tree_members(struct run *run, pid_t *pids, size_t max);
uint64_t tree_next_mark(void);
/* Releases the resources of the run and removes it from the table. */
void tree_release(struct run *run);

void tree_init(void);
void tree_turn(void);
double tree_wake_ms(void);

#endif
