/* This program once more, in a child of its own. */
#ifndef PITCREW_HELPER_HELPER_PROGRAM_H
#define PITCREW_HELPER_HELPER_PROGRAM_H

#include <sys/resource.h>
#include <sys/types.h>

/* -1: see errno. The child's stdout is this descriptor. */
pid_t spawn_self(char *const *argv, int stdout_fd, struct rlimit address_space,
                 struct rlimit cpu_seconds);

#endif
