/* What a run is started with, and what spawn.c, which stays with us, hands to child.c. */
#ifndef PITCREW_SPAWN_H
#define PITCREW_SPAWN_H

#include "host.h"
#include "identity.h"

enum { ENTRIES_MORE = 5, SPAWN_LIMITS_MAX = 16, READY_FD_MIN = 3, READY_FD_MAX = 9 };
struct spawn_limit {
  int resource;
  rlim_t soft, hard;
};
enum stdio { STDIO_PUMP, STDIO_NULL, STDIO_INHERIT };
enum ready_by { READY_BY_NOTHING, READY_BY_FD, READY_BY_NOTIFY, READY_BY_LOG };
struct spawn_spec {
  const char *daemon;
  int number;
  char **argv, **envp;   /* behind the end of envp is room for ENTRIES_MORE */
  const char *own_entry; /* the first of envp that is not inherited; NULL = there is none */
  char **script_argv;    /* what executes a script without "#!", but for the second word; or NULL */
  char **candidates;     /* paths to try, in order; NULL = this program itself */
  const char *cwd;       /* NULL = ours */
  const char *user, *group; /* names or numbers; NULL = ours */
  int umask;                /* -1 = ours */
  struct spawn_limit limits[SPAWN_LIMITS_MAX];
  int limit_count;
  enum stdio stdio;
  enum ready_by ready;
  int ready_fd;           /* in the child */
  const char *ready_text; /* what a line of its output must have in it */
  bool notify;            /* it gets a NOTIFY_SOCKET, */
  bool control;           /* and a PITCREW_FD */
};
/* The number of a run's connection to us, in the run: one digit, since a shell knows no other. */
static inline int control_number(const struct spawn_spec *spec) {
  bool is_taken = spec->ready == READY_BY_FD && spec->ready_fd == READY_FD_MAX;
  return is_taken ? READY_FD_MAX - 1 : READY_FD_MAX;
}

enum { HEAD_BYTES_MAX = 100 };
struct spawn_answer {
  pid_t pid;
  bool is_slow; /* it has not executed its program yet: it will, or its end says why not */
  struct spawn_failure failure;
  char head[HEAD_BYTES_MAX]; /* how the file begins that is there and cannot be executed; or "" */
};

struct start;
struct spawn_answer spawn_run(struct start *start); /* its spec, with all that this points to */
uid_t spawn_uid(const struct start *start);         /* the child's, as far as it is known */
void spawn_child_left(struct start *start);         /* the child uses nothing of ours any more */

/* The child, as it sees itself between clone and exec. */
struct child {
  const struct spawn_spec *spec;
  struct identity *identity;
  pid_t parent;
  int null_fd;
  int output_fd, ready_fd, control_fd; /* -1 = none */
  int files_kept; /* shares our descriptors until it takes those up to this one; -1 = has its own */
  uint64_t mark;
  rlim_t mark_max;
  bool foreground; /* give it our terminal: SIGTTOU is blocked, so that this does not stop it */
  volatile bool is_own_user, has_changed_user;
  const char *volatile at;   /* the step that it is at, */
  const char *volatile step; /* and the one that failed */
  volatile int error;
  char head[HEAD_BYTES_MAX];
};
int child_main(void *child);

#endif
