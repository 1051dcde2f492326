/* Reading /proc, which may be missing, or be that of another PID namespace. */
#ifndef PITCREW_PROC_H
#define PITCREW_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
  pid_t pid, parent, group;
  char state;
  uint64_t mark;
};

bool proc_usable(void);
bool proc_stat(pid_t pid, struct proc_stat *stat);
/* Calls `visit` for each process; stops when it returns false. */
void proc_each(bool (*visit)(const struct proc_stat *stat, void *context), void *context);
/* Calls `visit` for each child of ours. Returns false where the kernel does not list them. */
bool proc_each_child(void (*visit)(pid_t pid, void *context), void *context);

#endif
