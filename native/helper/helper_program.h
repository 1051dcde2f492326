/* Executes this program again in a child. */
#ifndef PITCREW_HELPER_HELPER_PROGRAM_H
#define PITCREW_HELPER_HELPER_PROGRAM_H

#include <sys/resource.h>
#include <sys/types.h>

/* -1: see errno. `stdout_fd` becomes the child's stdout. */
pid_t spawn_self(char *const *argv, int stdout_fd, struct rlimit address_space,
                 struct rlimit cpu_seconds);

#endif
