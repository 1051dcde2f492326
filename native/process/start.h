/* A child from clone to exec. It runs beside us in our memory, and we wait for it for a moment
 * only: a child that stands still (it was stopped, or its disk hangs) keeps what it uses until the
 * kernel says that it has executed its program or has ended. */
#ifndef PITCREW_PROCESS_START_H
#define PITCREW_PROCESS_START_H

#include "base/arena.h"
#include "process/child.h"
#include "process/identity.h"

enum { START_STACK_BYTES = 64 * 1024 };

struct start {
  /* Not 0 while the child uses our memory: the kernel clears it and wakes the parent. */
  volatile int is_standing;
  pid_t pid;
  double since_ms;
  bool is_kept;        /* the child may still use this memory, or was not reaped yet */
  bool is_limited;     /* it is killed when it stands still for too long */
  bool is_timed_out;   /* and was */
  bool has_lent_files; /* it uses the descriptors that are kept for a child's ends */
  struct run *run;     /* NULL: not a run's */
  struct start *next;  /* the next one that is kept */
  struct arena arena;  /* what the child reads */
  struct spawn_spec spec;
  struct child child;
  struct identity identity; /* from here on not cleared: it is large */
  char stack[START_STACK_BYTES] __attribute__((aligned(16)));
};

void starts_init(void);
struct start *start_new(void); /* NULL: see errno */
/* -1: see errno. Afterwards `is_kept` says whether it is under way still: then it is released
 * later, otherwise the caller does it. */
pid_t start_child(struct start *start, int (*run)(void *), int more_flags, void *argument);
void start_release(struct start *start);
uid_t start_uid(const struct start *start); /* the child's, as far as it is known */

void start_leader_ended(struct run *run, int wait_status); /* reaped right now */
void starts_turn(void);
double starts_wake_ms(void);

#endif
