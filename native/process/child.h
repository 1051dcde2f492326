/* The child between clone and exec: what it becomes, and its progress. */
#ifndef PITCREW_PROCESS_CHILD_H
#define PITCREW_PROCESS_CHILD_H

#include "process/descriptors.h"
#include "process/identity.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { ENTRIES_MORE = 5, SPAWN_LIMITS_MAX = 16, HEAD_BYTES_MAX = 100 };

struct spawn_limit {
  int resource;
  rlim_t soft, hard;
};
enum stdio { STDIO_PUMP, STDIO_NULL, STDIO_INHERIT };
enum ready_by { READY_BY_NOTHING, READY_BY_FD, READY_BY_NOTIFY, READY_BY_LOG };
struct spawn_spec {
  const char *daemon;
  int number;
  char **argv, **envp;      /* envp has room for ENTRIES_MORE entries at its end */
  const char *own_entry;    /* the first of envp that is not inherited; NULL = there is none */
  char **script_argv;       /* for a script without "#!"; its second word is the path; or NULL */
  char **candidates;        /* paths to try, in order; NULL = this program itself */
  const char *cwd;          /* NULL = ours */
  const char *user, *group; /* names or numbers; NULL = ours */
  int umask;                /* -1 = ours */
  struct spawn_limit limits[SPAWN_LIMITS_MAX];
  int limit_count;
  enum stdio stdio;
  enum ready_by ready;
  int ready_fd;           /* in the child */
  const char *ready_text; /* what a line of its output must contain */
  bool notify;            /* it gets a NOTIFY_SOCKET, */
  bool control;           /* and a PITCREW_FD */
};

struct child {
  const struct spawn_spec *spec;
  struct identity *identity;
  pid_t parent;
  int null_fd;
  struct child_ends ends;
  int files_kept; /* shares our descriptor table until it copies those up to this one; -1 = has its
                     own */
  uint64_t mark;
  rlim_t mark_max;
  bool foreground; /* gets our terminal: SIGTTOU is blocked, so that this does not stop it */
  volatile bool is_own_user, has_changed_user;
  const char *volatile current_step; /* the current step */
  const char *volatile failed_step;  /* the step that failed */
  volatile int error;
  char head[HEAD_BYTES_MAX]; /* the beginning of a file that cannot be executed, or "" */
};
int child_main(void *child);

/* The descriptor number of PITCREW_FD: one digit, since a shell accepts no other. */
static inline int control_number(const struct spawn_spec *spec) {
  bool is_taken = spec->ready == READY_BY_FD && spec->ready_fd == READY_FD_MAX;
  return is_taken ? READY_FD_MAX - 1 : READY_FD_MAX;
}

#endif
