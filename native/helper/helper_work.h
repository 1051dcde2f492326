/* The task of a helper, and the work that a copy of this process does. */
#ifndef PITCREW_HELPER_HELPER_WORK_H
#define PITCREW_HELPER_HELPER_WORK_H

#include <stddef.h>

enum { HELPER_WORDS_MAX = 64, HELPER_OUTPUT_BYTES_MAX = 64 * 1024 * 1024 };

enum helper_kind {
  HELPER_RUN,     /* this program, executed again: `words` are its arguments */
  HELPER_APPEND,  /* text to the first of the paths that can be written; see file_append */
  HELPER_WRITE,   /* a file, whole, in the same way */
  HELPER_TAIL,    /* the end of the first of the paths that has any, and of PATH.1 before it */
  HELPER_EXISTS,  /* the path is there */
  HELPER_CONNECT, /* a unix socket accepts connections */
};

struct helper_task {
  enum helper_kind kind;
  char *const *words; /* arguments or paths, with a NULL behind them */
  const char *text;   /* of append and write */
  size_t bytes;
  size_t max_bytes; /* of the output; of append: of the file */
  double timeout_ms;
};

/* Does the work and returns 0 or errno; what it prints goes to descriptor 1. */
int helper_work(const struct helper_task *task);

#endif
