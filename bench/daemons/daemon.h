/* Functions that the supervised programs of the benchmark share. A daemon's name is its only
 * argument, so that a run file can be a "#!" line without a shell. The rest is in the environment:
 *
 *   BENCH_FOLDER   a folder with two FIFOs: `reports`, on which a daemon reports that it is up, and
 *                  `go`, on which a byte starts its work
 *   BENCH_BYTES    the length of a line, with its newline
 *   BENCH_LINES    the number of lines
 *
 * The programs are small and static, so that their start is as cheap as possible. */
#ifndef BENCH_DAEMON_H
#define BENCH_DAEMON_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_fifo(const char *name, int flags) {
  char path[512];
  const char *folder = getenv("BENCH_FOLDER");
  int length = snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
  if (length < 0 || (size_t)length >= sizeof path) _exit(111);
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) _exit(111);
  return fd;
}

/* Writes each report in one write, so that reports never mix. */
static void report(const char *name) {
  char line[128];
  int fd = open_fifo("reports", O_WRONLY);
  int length = snprintf(line, sizeof line, "%s %d\n", name, getpid());
  if (length < 0 || (size_t)length >= sizeof line) _exit(111);
  if (write(fd, line, (size_t)length) != length) _exit(111);
  close(fd);
}

static inline long number(const char *variable) {
  const char *text = getenv(variable);
  return text ? atol(text) : 0;
}

static inline void sleep_forever(void) {
  for (;;) pause();
}

#endif
