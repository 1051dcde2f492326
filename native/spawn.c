/* Starting a process: start.c clones the child, which goes its way in child.c. What it is connected
 * with is made before; what is left of it here becomes the run's. */
#define _GNU_SOURCE
#include "spawn.h"
#include "client.h"
#include "glob.h"
#include "raw.h"
#include "ready.h"
#include "start.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h> /* CLONE_FILES */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int null_fd = -1, dumpable;
/* Low descriptors that are kept for a child's ends; -1 where a child gets a table of its own. */
static int output_slot = -1, ready_slot = -1, control_slot = -1;
static bool are_lent; /* to a child that may still use them */
static struct rlimit files_limit, mark_limit;
static pid_t own_pid;
static uid_t own_uid;

void spawn_init(void) {
  null_fd = fd_moved_up(open("/dev/null", O_RDWR | O_CLOEXEC));
  dumpable = prctl(PR_GET_DUMPABLE);
  own_pid = getpid();
  own_uid = getuid();
  getrlimit(RLIMIT_NOFILE, &files_limit);
  getrlimit(RLIMIT_RSS, &mark_limit);
  struct rlimit raised = {files_limit.rlim_max, files_limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
}

void spawn_restore_limits(void) { RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &files_limit); }

int fd_moved_up(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, READY_FD_MAX + 1);
  if (moved < 0) return fd;
  close(fd);
  return moved;
}

/* What we were started with beside stdio is not for daemons: a lock that they inherit would never
 * be free. */
void spawn_keep_descriptors(void) {
  const unsigned on_exec = 4; /* CLOSE_RANGE_CLOEXEC, from Linux 5.11 on */
  if (syscall(SYS_close_range, 3u, ~0u, on_exec) != 0) {
    for (int fd = 3; fd < 1024; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return;
  }
#ifndef PLAIN_CLONE /* valgrind knows no other */
  output_slot = fcntl(null_fd, F_DUPFD_CLOEXEC, READY_FD_MAX + 1);
  ready_slot = fcntl(null_fd, F_DUPFD_CLOEXEC, output_slot + 1);
  control_slot = fcntl(null_fd, F_DUPFD_CLOEXEC, ready_slot + 1);
#endif
}

/* Whatever user a daemon becomes, it may open /dev/stdout for writing. Nobody else gets there: the
 * way to a pipe is /proc/PID/fd of a process that has it. */
static bool make_pipe(int *ours, int *childs) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fchmod(ends[1], 0622);
  *ours = ends[0];
  *childs = ends[1];
  return true;
}

/* Our ends of what connects us with a run; -1 = there is none. */
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
  *childs = fd_moved_up(ends[1]); /* not where the child puts its end for readiness */
  snprintf(entry, ENTRY_BYTES, "PITCREW_FD=%d", control_number(spec));
  environment_put(spec->envp, entry);
  return true;
}

/* Returns the step that failed. */
static const char *make_ends(struct start *start, struct ends *ends) {
  const struct spawn_spec *spec = &start->spec;
  struct child *child = &start->child;
  if (spec->stdio == STDIO_PUMP && !make_pipe(&ends->output, &child->output_fd)) return "pipe";
  if (spec->ready == READY_BY_FD && !make_pipe(&ends->ready, &child->ready_fd)) return "pipe";
  if (spec->notify && (ends->notify = notify_open(&start->arena, spec->envp)) < 0) return "socket";
  if (spec->control && !open_control(start, &ends->control, &child->control_fd)) return "socket";
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

static void lend(int *fd, int slot) {
  if (*fd < 0) return;
  dup3(*fd, slot, O_CLOEXEC);
  close(*fd);
  *fd = slot;
}

static void take_back(int fd) {
  if (fd >= 0 && (fd == output_slot || fd == ready_slot || fd == control_slot))
    dup3(null_fd, fd, O_CLOEXEC);
  else
    close_if_open(fd);
}

static void close_childs_ends(struct child *child) {
  take_back(child->output_fd);
  take_back(child->ready_fd);
  take_back(child->control_fd);
}

uid_t spawn_uid(const struct start *start) {
  const uid_t unknown = (uid_t)-1;
  if (!start->spec.user || start->child.is_own_user) return own_uid;
  return start->child.has_changed_user ? (uid_t)start->identity.uid : unknown;
}

/* To change the user of a child that shares our memory makes us undumpable. */
void spawn_child_left(struct start *start) {
  if (start->child.has_changed_user) prctl(PR_SET_DUMPABLE, dumpable);
  if (!start->has_lent_files) return;
  close_childs_ends(&start->child);
  are_lent = false;
}

static struct spawn_answer launch(struct start *start) {
  struct child *child = &start->child;
  if (control_slot >= 0 && !are_lent && start->spec.stdio != STDIO_INHERIT) {
    lend(&child->output_fd, output_slot);
    lend(&child->ready_fd, ready_slot);
    lend(&child->control_fd, control_slot);
    child->files_kept = control_slot;
    start->has_lent_files = are_lent = true;
  }
  pid_t pid = start_child(start, child_main, start->has_lent_files ? CLONE_FILES : 0, child);
  if (pid < 0) return (struct spawn_answer){.failure = {"fork", errno}};
  if (start->is_kept || !child->step) return (struct spawn_answer){pid, start->is_kept, {0}};
  struct spawn_answer answer = {.failure = {child->step, child->error}};
  memcpy(answer.head, child->head, sizeof answer.head);
  return answer;
}

/* The pipe's, or nobody's. */
static bool pump_output(struct run *run, const struct spawn_spec *spec, int fd) {
  struct glob *tap = spec->ready == READY_BY_LOG ? glob_new(spec->ready_text) : NULL;
  if (tap || spec->ready != READY_BY_LOG) run->pipe = pump_add(fd, run, tap);
  if (run->pipe) return true;
  glob_free(tap);
  close(fd);
  return false;
}

static bool connect_control(struct run *run, int fd) {
  if (fd < 0) return true;
  run->control = client_new(fd, BY_DAEMON_FD, run);
  if (!run->control) close(fd);
  return run->control != NULL;
}

/* Enters the run into the table, with our ends; false where there is no memory for that. */
static bool keep(struct start *start, pid_t pid, const struct ends *ends) {
  const struct spawn_spec *spec = &start->spec;
  struct run *run = run_add(spec->daemon, spec->number, pid, start->child.mark);
  if (!run) {
    close_ends(ends);
    return false;
  }
  run->inherit = spec->stdio == STDIO_INHERIT;
  run->uid = spawn_uid(start);
  run->ready_by_notify = spec->ready == READY_BY_NOTIFY;
  bool kept = ends->output < 0 || pump_output(run, spec, ends->output);
  kept &= channel_add(&run->ready_pipe, ends->ready);
  kept &= channel_add(&run->notify_socket, ends->notify);
  kept &= connect_control(run, ends->control);
  if (kept) {
    if (start->is_kept) run->start = start, start->run = run;
    return true;
  }
  if (run->pipe) pump_close(spec->daemon, spec->number);
  run_leader_gone(run, 0, &(struct rusage){0});
  run_remove(run);
  return false;
}

static struct spawn_answer spawn(struct start *start) {
  struct ends ends = {-1, -1, -1, -1};
  const char *failed = make_ends(start, &ends);
  struct spawn_answer answer = {.failure = {failed, errno}};
  if (!failed) answer = launch(start);
  if (!start->has_lent_files) close_childs_ends(&start->child);
  if (answer.pid == 0) {
    close_ends(&ends);
  } else if (!keep(start, answer.pid, &ends)) {
    /* It is reaped as one that we know nothing of. */
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
                                .null_fd = null_fd,
                                .output_fd = -1,
                                .ready_fd = -1,
                                .control_fd = -1,
                                .files_kept = -1,
                                .mark = mark,
                                .mark_max = mark_limit.rlim_max,
                                .foreground = spec->stdio == STDIO_INHERIT && tty_is_ours()};
  start->is_limited = spec->stdio != STDIO_INHERIT;
  struct spawn_answer answer = spawn(start);
  if (!start->is_kept) start_release(start);
  return answer;
}
