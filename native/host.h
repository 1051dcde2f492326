/* The C host: one process, one thread, one epoll loop, and no policy.
 *
 *   main.c     first instruction, which image to run
 *   loop.c     what is ready, in which order it is served, how the process ends
 *   signals.c  signalfd; TERM and INT first; the last word
 *   reap.c     wait4(-1): every child's end is seen here and nowhere else
 *   runs.c     the table of live runs: the truth about what is alive
 *   tree.c     a run's process group, and what left it (stray.c, scan.c, unattributed.c)
 *   children.c our own children: whether there are unknown ones; the end of all of them
 *   spawn.c    what a run is started with; start.c a bounded wait for the child; child.c the child
 *   ready.c    what a run says of itself: a pipe for readiness, sd_notify
 *   self.c     this program once more: helpers, exec in our place
 *   pump.c     daemons' pipes -> lines with a prefix; glob.c what is looked for in them
 *   pipe_sets.c, kept.c   which pipes are read while stdout is full, and what of them waits
 *   ring.c     what was last in them; logs.c, snapshot.c the way of it to clients
 *   out.c      stdout, which may be full, slow or gone
 *   client.c   the connections of the control plane; client.h names its parts
 *   lock.c     one pitcrew at a time
 *   probe.c    looks from outside: who accepts, who answers; address.c
 *   announce.c our own state, to whoever started us
 *   cgroup.c   our control group
 *   helper.c   children with bounds, for what may block or grow; helper_child.c, helper_work.c
 *   proc.c     /proc, where it is
 *   file.c     small files; append.c a file that grows
 *   environ.c  the environment as it came
 *   tty.c      job control of the one-command mode
 *   images.c   the bytecode in this file
 *   engine.c   the JavaScript engine: limits, guarded calls; jobs.c promises of the client verbs
 *   connection.c   a client verb's connection to a running pitcrew
 *   bind_*.c, arena.c, events.c   the way between the two (src/host/host.ts is the contract)
 *
 * Rules: nothing here decides what should happen; every buffer, batch and wait has a stated bound;
 * what fails is told to the policy with its errno; nothing but the deliberate ends (finish, exit,
 * the last word) ends the process. No kernel headers: musl-gcc has none. */
#ifndef PITCREW_HOST_H
#define PITCREW_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define NAME_BYTES_MAX 64 /* a daemon's is 48 at most; a helper's is one with ":…" behind it */
#define LINE_BYTES_MAX (64 * 1024)
#define BATCH_MAX 32 /* exits, pipes … served before everybody else has a turn */

/* ---- loop.c */

enum watch_kind {
  WATCH_SIGNALS,
  WATCH_PIPES,
  WATCH_TAPPED,
  WATCH_STDOUT,
  WATCH_HELPER,
  WATCH_STRAY,
  WATCH_READY,
  WATCH_NOTIFY,
  WATCH_PROBES,
  WATCH_MEMORY,
  WATCH_CLIENTS
};
/* What an epoll entry points to: the first member of whatever is watched. */
struct watch {
  enum watch_kind kind;
};

void loop_init(void);
bool loop_watch(int fd, uint32_t events, struct watch *watch);
/* For what the loop cannot do without: tried again while the kernel has no memory for it. */
void loop_watch_surely(int fd, uint32_t events, struct watch *watch);
void loop_unwatch(int fd);
_Noreturn void loop_run(void);
void loop_wake_at(double at_ms);
void loop_reap_soon(void);
void loop_finish(int code, double flush_ms, double silent_ms);
bool loop_is_finishing(void);
double now_ms(void);
int64_t now_ns(void);
int64_t cpu_ns(void); /* our own: a machine that is busy elsewhere makes nothing late */

/* ---- signals.c */

void signals_block(void);
void signals_unblock(void);
void signals_init(bool for_one_command); /* which keeps what was ignored */
void signals_read(void);
void signals_reset_in_child(void);
bool signals_shutdown_asked(void);
void last_word_after(double ms);
void last_word_start(void); /* a shutdown has begun */
bool last_word_runs(void);

/* ---- runs.c */

struct exit_status {
  int code;
  int signal;
};
struct spawn_failure {
  const char *step; /* NULL = none */
  int error;
};
/* A process of a run that is watched through a pidfd: it is not in the group any more, or cannot be
 * told to be of the run when its parents end, or wait4 will not tell of its end. */
struct stray {
  struct watch watch;
  struct run *run;
  pid_t pid; /* 0 = it has ended */
  int pidfd;
  struct stray *next;
};
/* A descriptor by which a run says something of itself; -1 = it has none. */
struct channel {
  struct watch watch;
  int fd;
  struct run *run;
};
struct run {
  int number;
  pid_t pid;         /* of the leader, and of the group while that has members */
  uint64_t mark;     /* soft RLIMIT_RSS of all its processes; 0 = could not be set */
  uid_t uid;         /* that it was started as */
  bool inherit;      /* has our stdio, is not pumped */
  struct pipe *pipe; /* of its output; NULL when nobody holds that open any more */
  bool leader_gone;
  struct exit_status exit;
  struct start *start;          /* under way still; NULL = its program was executed */
  struct spawn_failure failure; /* it was not: why */
  int64_t cpu_us;               /* of the leader and of those that it waited for */
  int64_t memory_kib;           /* the most of one of them; at least what we had at the spawn */
  struct channel ready_pipe, notify_socket;
  struct client *control; /* its end of PITCREW_FD's connection; NULL = it has none */
  bool ready_by_notify, ready;
  bool exit_told, group_empty, gone, gone_told;
  int leader_signal; /* the last stop signal that it was sent */
  int tree_signal;   /* the same for the rest of the tree: what is found later gets it, too */
  /* Of scans: it wants one, one is under way for it; what is found is to be sent tree_signal, also
   * in its group; something of the group lives; something cannot be watched. */
  bool scan_wanted, scan_due, order_due, rest_due, group_living, unwatched;
  struct stray *strays;
  char daemon[]; /* at most NAME_BYTES_MAX, and a NUL */
};
struct run *run_add(const char *daemon, int number, pid_t pid, uint64_t mark);
struct run *run_find(const char *daemon, int number);
struct run *run_of_pid(pid_t pid);
void run_leader_gone(struct run *run, int wait_status, const struct rusage *usage);
void run_remove(struct run *run);
size_t runs_count(void);
size_t runs_with_leader(void); /* those whose leader was not reaped yet */
struct run *runs_at(size_t index);

/* ---- reap.c (tree.c, stray.c, children.c: tree.h) */

bool reap_batch(void);

/* ---- spawn.c (more in spawn.h; self.c: self.h) */

void spawn_init(void);
void spawn_restore_limits(void);
void spawn_keep_descriptors(void); /* what is open now goes to no child */
/* The same file under a number that no run is given: 3 to 9 are for what it says it is ready on,
 * and its connection to us. */
int fd_moved_up(int fd);

#include "output.h"

/* ---- probe.c (more in probe.h), announce.c, cgroup.c */

void probes_turn(void);
bool probes_want_turn(void);
void announce(const char *text, size_t bytes);
void announce_turn(void);
double announce_wake_ms(void);
/* -1 = not known. Watched: event_oom_kills follows on a growth, half a second to one later. */
int64_t cgroup_oom_kills(bool *watched);
void cgroup_news(void);
void cgroup_turn(void);
double cgroup_wake_ms(void);

/* ---- environ.c, tty.c (helper.c: helper.h, file.c: file.h) */

extern char **environment;
extern size_t environment_count;
void environment_init(char **envp);
void environment_hide(size_t position);
const char *environment_get(const char *name);
/* Sets a variable ("NAME=value") in an environment with room for one more; the entry stays. */
void environment_put(char **envp, char *entry);
void environment_remove(char **envp, const char *name); /* "NAME=" */

bool tty_is_ours(void);
bool tty_foreground(struct run *run);
void tty_take_back(void);
void tty_stop_self(void);

int write_all(int fd, const char *text, size_t bytes); /* file.c: waits; 0 or errno */

/* ---- images.c, engine.c, errno.c, events.c */

/* control: the init loads it for its first client. bundle: the init's helper, and a verb that reads
 * a bundle. */
enum image {
  IMAGE_INIT,
  IMAGE_SELDOM,
  IMAGE_ONE,
  IMAGE_CHECK,
  IMAGE_CONTROL,
  IMAGE_CLI,
  IMAGE_BUNDLE,
};
struct bytecode {
  const uint8_t *start;
  size_t bytes;
};
struct bytecode image_code(enum image image);
void engine_run_init(enum image image, int argc, char **argv);
_Noreturn void engine_run_verb(enum image image, int argc, char **argv);
const char *errno_name(int error);

/* The events of src/host/host.ts, each one guarded call of the policy. */
void event_signal(int signal, bool hangup);
void event_exited(const struct run *run);
void event_executed(const struct run *run);
void event_gone(const struct run *run);
void event_unattributed(const pid_t *pids, size_t count);
void event_stopped(const struct run *run, int signal);
void event_output_closed(const char *daemon, int run);
void event_output_stalled(double since_ms, int error);
void event_output_resumed(void);
void event_flushed(void);
void event_ready(const struct run *run);
void event_wake(void);
void event_oom_kills(int64_t count);
void event_probed(int64_t id, int error, const char *text, size_t bytes);

#endif
