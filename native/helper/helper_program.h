/* Executes this program again in a child. */
#ifndef PITCREW_HELPER_HELPER_PROGRAM_H
#define PITCREW_HELPER_HELPER_PROGRAM_H

#include <sys/resource.h>
#include <sys/types.h>

/* -1: see errno. `stdin_fd` and `stdout_fd` become those of the child; a `stdin_fd` of 0 stands for
 * /dev/null. */
pid_t spawn_self(char *const *argv, int stdin_fd, int stdout_fd, struct rlimit address_space,
                 struct rlimit cpu_seconds);

#endif
