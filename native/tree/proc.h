/* Reading /proc, which may be missing, or be that of another PID namespace. */
#ifndef PITCREW_TREE_PROC_H
#define PITCREW_TREE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
  pid_t pid, parent, group;
  char state;
  bool has_executed; /* a program of its own, since its clone */
  uint64_t mark;
  uint64_t start;        /* in ticks since the boot: with the pid it names one process */
  uint64_t cpu_ticks;    /* its own, and of children that it waited for */
  uint64_t memory_pages; /* resident */
};

bool proc_usable(void);
bool proc_stat(pid_t pid, struct proc_stat *stat);
/* Its resident memory in KiB as its mappings say, which costs more than stat and is exact: before
 * Linux 6.2 stat leaves out up to 64 pages of each thread. -1: we may not look. */
int64_t proc_exact_kib(pid_t pid);
/* Calls `visit` for each process; stops when it returns false. */
void proc_each(bool (*visit)(const struct proc_stat *stat, void *context), void *context);
/* Opens what proc_each_own_child reads. */
void proc_init(void);
/* Calls `visit` for each child of this process, zombies too; also in a signal handler. False: the
 * kernel does not list them. */
bool proc_each_own_child(void (*visit)(pid_t child, void *context), void *context);
/* The same for the children of another process, of whichever of its threads. */
bool proc_each_child(pid_t pid, void (*visit)(pid_t child, void *context), void *context);

#endif
