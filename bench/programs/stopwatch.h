/* The two halves of the stopwatch: stopwatch.c reads commands and acts, watch.c waits. */
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

/* The daemons' reports since the last command: "NAME PID\n" each. */
struct seen {
  char reports[128 * 1024];
  int report_count;
};
extern struct seen seen;

/* `status` is -1 while it runs, and 128 + n if signal n ended it. */
struct supervisor {
  pid_t pid;
  int status;
};
extern struct supervisor supervisor;

void fail(const char *what);
long long now_ns(void);

/* Makes the FIFOs in this folder, and handles signals. */
void watch_world(const char *folder);
/* Makes the pipe for the supervisor's output, and returns its writing end. */
int watch_output(void);
void send_go(int count);
void forget_reports(void);
/* Returns false on a timeout. Returns early after a wrong line. */
bool wait_for(const struct awaited *awaited, int patience_ms);
/* The age of the stamp of the next line when it is read; -1: no line, or a wrong one. */
long long next_latency_ns(int patience_ms);
/* Kills all descendants. */
void kill_everything(void);

#endif
