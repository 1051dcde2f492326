/* The two halves of the stopwatch: stopwatch.c takes orders and acts, world.c waits. */
#ifndef BENCH_STOPWATCH_H
#define BENCH_STOPWATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "check.h"

struct awaited {
  bool is_end;
  int reports;
  long lines;
};

/* The daemons' reports since the last order: "NAME PID\n" each. */
struct seen {
  char reports[128 * 1024];
  int report_count;
};
extern struct seen seen;

/* `status` is -1 while it runs, and 128 + n when signal n ended it. */
struct supervisor {
  pid_t pid;
  int status;
};
extern struct supervisor supervisor;

void fail(const char *what);
long long now_ns(void);

/* Makes the fifos in this folder, and takes signals. */
void watch_world(const char *folder);
/* Makes the pipe that daemons' lines come through, and returns its other end. */
int watch_output(void);
void send_go(int count);
void forget_reports(void);
/* False when it did not come in time. Nobody waits for the rest of lines that are wrong. */
bool wait_for(const struct awaited *awaited, int patience_ms);
/* How old the stamp of the next line is when it is read. -1: none came, or a wrong one. */
long long next_latency_ns(int patience_ms);
/* Every process below us, until none is left. */
void kill_everything(void);

#endif
