/* One scan of /proc for all runs: attributes each process to a run. */
#ifndef PITCREW_TREE_SCAN_H
#define PITCREW_TREE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run;

enum kin {
  KIN_NOT_RESOLVED,
  KIN_NONE, /* does not descend from us */
  KIN_OURS, /* descends from us, but from no known run */
  KIN_RUN,
};
struct scanned {
  pid_t pid, parent, group;
  char state;
  enum kin kin;
  uint64_t mark, start;
  struct run *run; /* for KIN_RUN */
};

void scan_init(void); /* reserves descriptors */
bool scan_is_running(void);
/* Begins a scan, or continues it for a bounded time. True: the scan is complete, and each process
 * was visited. A scan that fails because memory or descriptors ran out stops, and is not complete.
 */
bool scan_turn(void (*visit)(const struct scanned *scanned));
/* The earliest begin of the next scan: scans get a fifth of the time at most. */
double scan_next_ms(void);

#endif
