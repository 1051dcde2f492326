/* The table of live runs. */
#ifndef PITCREW_TREE_RUNS_H
#define PITCREW_TREE_RUNS_H

#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct exit_status {
  int code;
  int signal;
};
struct spawn_failure {
  const char *step; /* NULL = none */
  int error;
};
/* A process of a run that is watched through a pidfd: see escapees.c. */
struct escapee {
  struct watch watch;
  struct run *run;
  pid_t pid; /* 0 = it has ended */
  int pidfd;
  struct escapee *next;
};
/* A descriptor through which a run reports its readiness; -1 = none. */
struct channel {
  struct watch watch;
  int fd;
  struct run *run;
};
struct run {
  int number;
  pid_t pid;           /* of the leader, and of the group while it has members */
  uint64_t mark;       /* soft RLIMIT_RSS of all its processes; 0 = could not be set */
  uid_t uid;           /* of the leader at its start */
  bool inherits_stdio; /* has our stdio, so it has no pipe */
  struct pipe *pipe;   /* its output; NULL when no process holds that open */
  bool leader_ended;
  struct exit_status exit;
  struct start *start;          /* its start in progress; NULL = its program was executed */
  struct spawn_failure failure; /* why its program was not executed */
  int64_t cpu_us;               /* of the leader and its children */
  int64_t memory_kib;           /* the maximum of one of these; at least our own at the spawn */
  struct channel ready_pipe, notify_socket;
  struct client *control; /* its PITCREW_FD; NULL = none */
  bool ready_by_notify, ready;
  bool exit_reported, group_empty, gone, gone_reported;
  int leader_signal; /* the last stop signal sent to it */
  int tree_signal;   /* the same for the rest of the tree, including processes found later */
  /* For scans: one is requested; one is running; processes that it finds get tree_signal, also
   * those in the group; the group has a live process; a process cannot be watched. */
  bool scan_wanted, scan_due, order_due, rest_due, group_living, unwatched;
  struct escapee *escapees;
  char daemon[]; /* at most NAME_BYTES_MAX, and a NUL */
};

struct run *run_add(const char *daemon, int number, pid_t pid, uint64_t mark);
struct run *run_find(const char *daemon, int number);
struct run *run_of_pid(pid_t pid);
void run_set_leader_ended(struct run *run, int wait_status, const struct rusage *usage);
void run_remove(struct run *run); /* see tree_release(), which releases its resources */
size_t runs_count(void);
size_t runs_with_leader(void); /* whose leader was not reaped yet */
struct run *runs_at(size_t index);

bool run_has_escapee(const struct run *run, pid_t pid);
bool run_has_escapees(const struct run *run);

/* A process ended, so runs may be over. Set until runs_take_changed(). */
void runs_changed(void);
bool runs_are_changed(void);
bool runs_take_changed(void);

#endif
