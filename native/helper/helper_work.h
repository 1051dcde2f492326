/* The task of a helper, and its work in a fork of this process. */
#ifndef PITCREW_HELPER_HELPER_WORK_H
#define PITCREW_HELPER_HELPER_WORK_H

#include <stddef.h>

enum { HELPER_WORDS_MAX = 64, HELPER_OUTPUT_BYTES_MAX = 64 * 1024 * 1024 };

enum helper_kind {
  HELPER_RUN,     /* executes this program again with `words` as arguments */
  HELPER_APPEND,  /* appends text to the first path that can be written; see file_append */
  HELPER_WRITE,   /* writes a whole file, in the same way */
  HELPER_TAIL,    /* reads the end of the first path that has content, after that of PATH.1 */
  HELPER_EXISTS,  /* the path exists */
  HELPER_CONNECT, /* a unix socket accepts connections */
};

struct helper_task {
  enum helper_kind kind;
  char *const *words; /* arguments or paths, NULL-terminated */
  int stdin_fd;       /* of a run; 0 = none */
  const char *text;   /* for append and write */
  size_t bytes;
  size_t max_bytes; /* of the output; for append: of the file */
  double timeout_ms;
  const struct helper_task *next; /* the same child does it next; NULL = none */
};

/* Does the work, and that of the tasks behind it. Returns 0 or the first errno; output goes to
 * descriptor 1. */
int helper_work(const struct helper_task *task);

#endif
