/* Work that may block or grow is done in a child: bounded in time, memory and output. Its end is
 * one `helper` event with the id that the policy gave to it. */
#ifndef PITCREW_HELPER_H
#define PITCREW_HELPER_H

#include "host.h"

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

/* Takes a copy of the task; its child is started in the next turn of the loop. 0, or errno: EBUSY
 * when too many tasks wait, ETIMEDOUT when an earlier child still hangs at the same path, EAGAIN
 * when too many children hang that cannot be killed. */
int helper_start(int64_t id, const struct helper_task *task);
/* Ends it; no event comes of it. Unknown ids are ignored. */
void helper_forget(int64_t id);

/* ---- the loop's side */

void helpers_turn(void);
bool helpers_want_turn(void);
/* Files are being written, or wait for that. */
bool helpers_write(void);
/* The child is a helper that was not reaped. */
bool helper_is(pid_t pid);
/* True when the child was a helper. */
bool helper_reaped(pid_t pid, int wait_status);
void helper_readable(struct watch *watch);
double helpers_deadline_ms(void);
void helpers_check_deadlines(void);

/* ---- events.c */

struct helper_end {
  int64_t id;
  int error;       /* of the work, or why it could not be done; 0 = none */
  int wait_status; /* of a program */
  bool timed_out;
  const char *text; /* NULL: more than it may be */
  size_t bytes;
};
void event_helper(const struct helper_end *end);

#endif
