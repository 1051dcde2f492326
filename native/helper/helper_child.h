/* The child process of a helper: start, output, kill. */
#ifndef PITCREW_HELPER_HELPER_CHILD_H
#define PITCREW_HELPER_HELPER_CHILD_H

#include "helper/helper_work.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <sys/types.h>

struct helper_child {
  struct watch watch; /* first member, for epoll */
  pid_t pid;          /* 0 = none, or it was reaped */
  bool is_group;      /* it may have children of its own */
  int output_fd;      /* -1 = there is none, or it has ended */
  bool overflowed;
  char *output;
  size_t bytes, room, max_bytes;
};

/* Forks, or executes this program. 0 or errno. */
int helper_child_start(struct helper_child *child, const struct helper_task *task);
void helper_child_kill(const struct helper_child *child);
/* It was reaped: reads the rest of its output. */
void helper_child_reaped(struct helper_child *child);
void helper_child_close_output(struct helper_child *child);
void helper_read_output(struct watch *watch);

#endif
