/* Starting a run. */
#ifndef PITCREW_PROCESS_SPAWN_H
#define PITCREW_PROCESS_SPAWN_H

#include "process/start.h"
#include "tree/runs.h"

struct spawn_answer {
  pid_t pid;
  bool is_slow; /* not executed yet: it will be, or its end tells why not */
  struct spawn_failure failure;
  char head[HEAD_BYTES_MAX]; /* see struct child */
};

void spawn_init(void);
/* Uses start->spec and all that it points to. Releases the start when it is over. */
struct spawn_answer spawn_run(struct start *start);

#endif
