/* Starts a run: creates its pipes and sockets, clones the child (start.c, child.c), and registers
 * the run with our ends. */
#define _GNU_SOURCE
#include "process/spawn.h"
#include "control/client.h"
#include "health/notify.h"
#include "health/ready.h"
#include "output/glob.h"
#include "output/pump.h"
#include "process/environ.h"
#include "process/tty.h"
#include "tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h> /* CLONE_FILES */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rlimit mark_limit;
static pid_t own_pid;

void spawn_init(void) {
  starts_init();
  own_pid = getpid();
  getrlimit(RLIMIT_RSS, &mark_limit);
}

/* A daemon may open /dev/stdout for writing, whatever its user is. No other process can: the way to
 * a pipe is /proc/PID/fd of a process that holds it. */
static bool make_pipe(int *ours, int *childs) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fchmod(ends[1], 0622);
  *ours = ends[0];
  *childs = ends[1];
  return true;
}

/* Our ends of a run's pipes and sockets; -1 = none. */
struct ends {
  int output, ready, notify, control;
};

static bool open_control(struct start *start, int *ours, int *childs) {
  enum { ENTRY_BYTES = 32 };
  const struct spawn_spec *spec = &start->spec;
  int ends[2];
  char *entry = arena_take(&start->arena, ENTRY_BYTES);
  if (!entry || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  *ours = ends[0];
  *childs = fd_moved_up(ends[1]); /* away from the numbers that the child uses */
  snprintf(entry, ENTRY_BYTES, "PITCREW_FD=%d", control_number(spec));
  environment_put(spec->envp, entry);
  return true;
}

/* Returns the step that failed. */
static const char *open_ends(struct start *start, struct ends *ends) {
  const struct spawn_spec *spec = &start->spec;
  struct child *child = &start->child;
  if (spec->stdio == STDIO_PUMP && !make_pipe(&ends->output, &child->ends.output)) return "pipe";
  if (spec->ready == READY_BY_FD && !make_pipe(&ends->ready, &child->ends.ready)) return "pipe";
  if (spec->notify && (ends->notify = notify_open(&start->arena, spec->envp)) < 0) return "socket";
  if (spec->control && !open_control(start, &ends->control, &child->ends.control)) return "socket";
  return NULL;
}

static void close_if_open(int fd) {
  if (fd >= 0) close(fd);
}

static void close_ends(const struct ends *ends) {
  close_if_open(ends->output);
  close_if_open(ends->ready);
  close_if_open(ends->notify);
  close_if_open(ends->control);
}

static struct spawn_answer launch(struct start *start) {
  struct child *child = &start->child;
  if (last_slot() >= 0 && start->spec.stdio != STDIO_INHERIT) {
    child->files_kept = last_slot();
    child_ends_lend(&child->ends);
    start->has_lent_files = true;
  }
  pid_t pid = start_child(start, child_main, start->has_lent_files ? CLONE_FILES : 0, child);
  if (pid < 0) return (struct spawn_answer){.failure = {"fork", errno}};
  if (start->is_pending || !child->failed_step)
    return (struct spawn_answer){pid, start->is_pending, {0}};
  struct spawn_answer answer = {.failure = {child->failed_step, child->error}};
  memcpy(answer.head, child->head, sizeof answer.head);
  return answer;
}

/* Takes the descriptor, also on failure. */
static bool connect_output(struct run *run, const struct spawn_spec *spec, int fd) {
  struct glob *pattern = spec->ready == READY_BY_LOG ? glob_new(spec->ready_text) : NULL;
  if (pattern || spec->ready != READY_BY_LOG) run->pipe = pump_add(fd, run, pattern);
  if (run->pipe) return true;
  glob_free(pattern);
  close(fd);
  return false;
}

static bool connect_control(struct run *run, int fd) {
  if (fd < 0) return true;
  run->control = client_new(fd, BY_DAEMON_FD, run);
  if (!run->control) close(fd);
  return run->control != NULL;
}

/* Adds the run to the table, with our ends. False: no memory. */
static bool register_run(struct start *start, pid_t pid, const struct ends *ends) {
  const struct spawn_spec *spec = &start->spec;
  struct run *run = run_add(spec->daemon, spec->number, pid, start->child.mark);
  if (!run) {
    close_ends(ends);
    return false;
  }
  run->inherits_stdio = spec->stdio == STDIO_INHERIT;
  run->uid = start_uid(start);
  run->ready_by_notify = spec->ready == READY_BY_NOTIFY;
  bool is_complete = ends->output < 0 || connect_output(run, spec, ends->output);
  is_complete &= channel_add(&run->ready_pipe, ends->ready);
  is_complete &= channel_add(&run->notify_socket, ends->notify);
  is_complete &= connect_control(run, ends->control);
  if (is_complete) {
    if (start->is_pending) run->start = start, start->run = run;
    return true;
  }
  if (run->pipe) pump_close(spec->daemon, spec->number);
  run_set_leader_ended(run, 0, &(struct rusage){0});
  tree_release(run);
  return false;
}

static struct spawn_answer spawn(struct start *start) {
  struct ends ends = {-1, -1, -1, -1};
  const char *failed = open_ends(start, &ends);
  struct spawn_answer answer = {.failure = {failed, errno}};
  if (!failed) answer = launch(start);
  if (!start->has_lent_files) child_ends_close(&start->child.ends);
  if (answer.pid == 0) {
    close_ends(&ends);
  } else if (!register_run(start, answer.pid, &ends)) {
    /* It will be reaped as an unknown child. */
    kill(answer.pid, SIGKILL);
    kill(-answer.pid, SIGKILL);
    return (struct spawn_answer){.failure = {"fork", ENOMEM}};
  }
  return answer;
}

struct spawn_answer spawn_run(struct start *start) {
  const struct spawn_spec *spec = &start->spec;
  uint64_t mark = tree_next_mark();
  if (mark_limit.rlim_max != RLIM_INFINITY && mark > mark_limit.rlim_max) mark = 0;
  start->child = (struct child){.spec = spec,
                                .identity = &start->identity,
                                .parent = own_pid,
                                .null_fd = null_descriptor(),
                                .ends = {-1, -1, -1},
                                .files_kept = -1,
                                .mark = mark,
                                .mark_max = mark_limit.rlim_max,
                                .foreground = spec->stdio == STDIO_INHERIT && tty_is_ours()};
  start->is_limited = spec->stdio != STDIO_INHERIT;
  struct spawn_answer answer = spawn(start);
  if (!start->is_pending) start_release(start);
  return answer;
}
