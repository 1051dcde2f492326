/* Reads /proc, which may be missing or belong to another PID namespace. */
#ifndef PITCREW_TREE_PROC_H
#define PITCREW_TREE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
  pid_t pid, parent, group;
  char state;
  bool has_executed; /* has called exec since its clone */
  uint64_t mark;
  uint64_t start;        /* in ticks since the boot: identifies a process together with the pid */
  uint64_t cpu_ticks;    /* its own and of children it waited for */
  uint64_t memory_pages; /* resident */
};

bool proc_usable(void);
bool proc_stat(pid_t pid, struct proc_stat *stat);
/* Resident memory in KiB, summed over its mappings: slower than stat, but exact, because before
 * Linux 6.2 stat omits up to 64 pages of each thread. -1: not permitted. */
int64_t proc_exact_kib(pid_t pid);
/* Calls `visit` for each process; stops when it returns false. */
void proc_each(bool (*visit)(const struct proc_stat *stat, void *context), void *context);
/* Opens the file for proc_each_own_child. */
void proc_init(void);
/* Calls `visit` for each child of this process, including zombies. Safe in a signal handler. False:
 * the kernel does not list them. */
bool proc_each_own_child(void (*visit)(pid_t child, void *context), void *context);
/* The same for the children of all threads of another process. */
bool proc_each_child(pid_t pid, void (*visit)(pid_t child, void *context), void *context);

#endif
