/* One scan of /proc for all runs: which process belongs to which. */
#ifndef PITCREW_TREE_SCAN_H
#define PITCREW_TREE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run;

enum kin {
  KIN_NOT_RESOLVED,
  KIN_NONE, /* does not descend from us */
  KIN_OURS, /* descends from us, by way of no run that is known */
  KIN_RUN,
};
struct seen {
  pid_t pid, parent, group;
  char state;
  enum kin kin;
  uint64_t mark, start;
  struct run *run; /* of KIN_RUN */
};

void scan_init(void); /* keeps descriptors for scans */
bool scan_is_running(void);
/* Begins, or reads on for a bounded part of a turn. True: the scan is complete, and each process
 * was visited. A scan that fails for want of memory or descriptors is not running any more, and is
 * not complete. */
bool scan_turn(void (*visit)(const struct seen *seen));
/* The next one begins no earlier: scans get a fifth of the time at most. */
double scan_next_ms(void);

#endif
