/* A child from clone to exec. It runs beside the parent in the same memory, and the parent waits
 * for it only briefly. A child that stalls (it was stopped, or its disk hangs) keeps what it uses
 * until the kernel reports that it has executed its program or ended. */
#ifndef PITCREW_PROCESS_START_H
#define PITCREW_PROCESS_START_H

#include "base/arena.h"
#include "process/child.h"
#include "process/identity.h"

enum { START_STACK_BYTES = 64 * 1024 };

struct start {
  /* Not 0 while the child uses our memory: the kernel clears it and wakes the parent. */
  volatile int uses_memory;
  pid_t pid;
  double since_ms;
  bool is_pending;     /* the child may still use this memory, or was not reaped yet */
  bool is_limited;     /* it is killed when it stalls for too long */
  bool is_timed_out;   /* and was */
  bool has_lent_files; /* it uses the descriptor slots */
  struct run *run;     /* NULL: a helper's, or none yet */
  struct start *next;  /* in the list of pending starts */
  struct arena arena;  /* what the child reads */
  struct spawn_spec spec;
  struct child child;
  struct identity identity; /* not cleared from here on: it is large */
  char stack[START_STACK_BYTES] __attribute__((aligned(16)));
};

void starts_init(void);
struct start *start_new(void); /* NULL: see errno */
/* -1: see errno. Afterwards, if `is_pending`, the start is in progress and released later;
 * otherwise the caller releases it. */
pid_t start_child(struct start *start, int (*run)(void *), int more_flags, void *argument);
void start_release(struct start *start);
uid_t start_uid(const struct start *start); /* the child's, as far as it is known */

void start_leader_ended(struct run *run, int wait_status); /* it was just reaped */
void starts_turn(void);
double starts_wake_ms(void);

#endif
