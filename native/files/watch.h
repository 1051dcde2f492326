/* The program `@watch PATH...`: watches files, and writes a record to stdout for each path and then
 * for each change. It ends when the reader of its stdout is gone. */
#ifndef PITCREW_FILES_WATCH_H
#define PITCREW_FILES_WATCH_H

#include "files/sha256.h"

#include <stdint.h>

enum { WATCHED_MAX = 256 };

/* Shorter than PIPE_BUF, so a reader gets whole records. */
struct watch_record {
  uint32_t path; /* its position among the arguments */
  int32_t error; /* 0, or why there is no content */
  uint64_t bytes;
  double changed_ms; /* ctime; 0 = not known */
  char sha256[SHA256_DIGITS + 1];
};

_Noreturn void watch_main(char **paths);

#endif
