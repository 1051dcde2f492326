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
  uint64_t cpu_ticks;    /* its own, and of children that it waited for */
  uint64_t memory_pages; /* resident */
};

bool proc_usable(void);
bool proc_stat(pid_t pid, struct proc_stat *stat);
/* Calls `visit` for each process; stops when it returns false. */
void proc_each(bool (*visit)(const struct proc_stat *stat, void *context), void *context);
/* How many children we have, zombies too; -1 where the kernel does not list them. */
int64_t proc_count_children(void);

#endif
