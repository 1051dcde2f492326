/* Starting a run. */
#ifndef PITCREW_PROCESS_SPAWN_H
#define PITCREW_PROCESS_SPAWN_H

#include "process/start.h"
#include "tree/runs.h"

struct spawn_answer {
  pid_t pid;
  bool is_slow; /* it has not executed its program yet: it will, or its end says why not */
  struct spawn_failure failure;
  char head[HEAD_BYTES_MAX]; /* see struct child */
};

void spawn_init(void);
/* Takes start->spec, with all that this points to. The start is released when it is over. */
struct spawn_answer spawn_run(struct start *start);

#endif
