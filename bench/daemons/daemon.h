/* What the supervised programs of the benchmark share. A daemon's name is its first argument, the
 * rest is in the environment, so that a supervisor whose run file can be a "#!" line needs no
 * shell:
 *
 *   BENCH_FOLDER   holds two fifos: `reports`, on which a daemon says that it is up, and `go`,
 *                  a byte of which starts something
 *   BENCH_BYTES    length of a line, its newline included
 *   BENCH_LINES    how many of them
 *
 * Small and static, so that starting one costs as little as starting a process can. */
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

/* One line, one write: reports of two daemons never mix. */
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

static inline void wait_for_ever(void) {
  for (;;) pause();
}

#endif
