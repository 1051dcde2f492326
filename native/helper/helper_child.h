/* The process of a helper: how it begins, what it prints, and KILL. */
#ifndef PITCREW_HELPER_HELPER_CHILD_H
#define PITCREW_HELPER_HELPER_CHILD_H

#include "helper/helper_work.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <sys/types.h>

struct helper_child {
  struct watch watch; /* first: epoll gives it back */
  pid_t pid;          /* 0 = none, or it was reaped */
  bool is_group;      /* it may have children of its own */
  int output_fd;      /* -1 = there is none, or it has ended */
  bool overflowed;
  char *output;
  size_t bytes, room, max_bytes;
};

/* Forks it, or executes this program. 0 or errno. */
int child_begin(struct helper_child *child, const struct helper_task *task);
void child_kill(const struct helper_child *child);
/* It was reaped: takes what is left of its output. */
void child_ended(struct helper_child *child);
void child_close_output(struct helper_child *child);
void helper_readable(struct watch *watch);

#endif
