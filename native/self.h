/* This program once more: in a child of its own, or in our place. */
#ifndef PITCREW_SELF_H
#define PITCREW_SELF_H

#include <sys/resource.h>
#include <sys/types.h>

void self_init(void);
/* -1: see errno. The child's stdout is this descriptor. */
pid_t spawn_self(char *const *argv, int stdout_fd, struct rlimit address_space,
                 struct rlimit cpu_seconds);
/* Both return only on failure: errno. */
int exec_self(char *const *argv);
int exec_own_file(char *const *argv, char *const *env); /* leaves errno alone */

#endif
