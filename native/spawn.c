/* Starting a process: clone(VM | VFORK) and exec. The child shares our memory until exec, so it
 * makes system calls and nothing else: no malloc, and raw calls where libc would change every
 * thread of the parent. An error is handed back through that same memory, exact and at once.
 *
 * Known limit: chdir and exec on a hung mount hold up the child, and us with it. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_STACK_BYTES = 64 * 1024 };

static char child_stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
static int null_fd = -1, dumpable;
/* A low descriptor that is kept for a child's output; -1 where a child gets a table of its own. */
static int output_slot = -1;
static pid_t self_pid;
static struct rlimit files_limit, mark_limit;

struct child {
  const struct spawn_spec *spec;
  int output_fd;
  bool shares_files;
  uint64_t mark;
  bool foreground; /* give it our terminal: SIGTTOU is blocked, so that this does not stop it */
  const char *volatile step;
  volatile int error;
};

void spawn_init(void) {
  self_pid = getpid();
  null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  dumpable = prctl(PR_GET_DUMPABLE);
  getrlimit(RLIMIT_NOFILE, &files_limit);
  getrlimit(RLIMIT_RSS, &mark_limit);
  struct rlimit raised = {files_limit.rlim_max, files_limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
}

void spawn_restore_limits(void) { setrlimit(RLIMIT_NOFILE, &files_limit); }

/* What we were started with beside stdio is not for daemons: a lock that they inherit would never
 * be free. */
void spawn_keep_descriptors(void) {
  const unsigned on_exec = 4; /* CLOSE_RANGE_CLOEXEC, from Linux 5.11 on */
  if (syscall(SYS_close_range, 3u, ~0u, on_exec) != 0) {
    for (int fd = 3; fd < 1024; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return;
  }
#ifndef PLAIN_CLONE /* valgrind knows no other */
  output_slot = fcntl(null_fd, F_DUPFD_CLOEXEC, 3);
#endif
}

/* With a thousand daemons, to copy our table of descriptors and to close it again at exec would
 * cost a child more than all else. So it shares the table until here, and takes only what is below
 * the slot. */
static bool take_files(struct child *child) {
  const unsigned unshare = 2; /* CLOSE_RANGE_UNSHARE */
  if (!child->shares_files) return true;
  if (syscall(SYS_close_range, (unsigned)output_slot + 1, ~0u, unshare) == 0) return true;
  child->error = errno;
  child->step = "fork";
  return false;
}

static bool fail(struct child *child, const char *step) {
  child->error = errno;
  child->step = step;
  return false;
}

static bool set_limits(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  spawn_restore_limits();
  if (child->mark) {
    struct rlimit mark = {child->mark, mark_limit.rlim_max};
    setrlimit(RLIMIT_RSS, &mark);
  }
  for (int i = 0; i < spec->limit_count; i++) {
    struct rlimit limit = {spec->limits[i].soft, spec->limits[i].hard};
    if (setrlimit(spec->limits[i].resource, &limit) != 0) return fail(child, "limits");
  }
  return true;
}

static bool set_user(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  if (spec->group_count >= 0 &&
      syscall(SYS_setgroups, (size_t)spec->group_count, spec->groups) != 0)
    return fail(child, "user");
  if (spec->gid >= 0 &&
      syscall(SYS_setresgid, (gid_t)spec->gid, (gid_t)spec->gid, (gid_t)spec->gid) != 0)
    return fail(child, "user");
  if (spec->uid >= 0 &&
      syscall(SYS_setresuid, (uid_t)spec->uid, (uid_t)spec->uid, (uid_t)spec->uid) != 0)
    return fail(child, "user");
  /* Ours alone when we are not PID 1 (the kernel ends everything when that ends), and set behind
   * the change of user, which would clear it. */
  if (self_pid != 1 && !spec->inherit) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self_pid) raise(SIGKILL);
  }
  return true;
}

static void exec_candidates(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  int denied = 0;
  for (char **path = spec->candidates; *path; path++) {
    execve(*path, spec->argv, spec->envp);
    if (errno == EACCES)
      denied = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR)
      break;
  }
  if (denied && (errno == ENOENT || errno == ENOTDIR)) errno = denied;
  fail(child, "exec");
}

static int child_main(void *argument) {
  struct child *child = argument;
  const struct spawn_spec *spec = child->spec;
  if (!take_files(child)) _exit(127);
  if (spec->inherit) {
    setpgid(0, 0);
    if (child->foreground) tcsetpgrp(0, getpid());
  } else {
    setsid();
    dup2(null_fd, 0);
    dup2(child->output_fd, 1);
    dup2(child->output_fd, 2);
  }
  if (spec->umask >= 0) umask((mode_t)spec->umask);
  if (set_limits(child) && set_user(child)) {
    if (spec->cwd && chdir(spec->cwd) != 0) {
      fail(child, "cwd");
    } else {
      signals_reset_in_child();
      exec_candidates(child);
    }
  }
  _exit(127);
}

pid_t spawn_child(int (*run)(void *), int more_flags, void *argument) {
  int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | more_flags;
  return clone(run, child_stack + CHILD_STACK_BYTES, flags, argument);
}

/* Whatever user a daemon becomes, it may open /dev/stdout for writing. Nobody else gets there: the
 * way to a pipe is /proc/PID/fd of a process that has it. */
static bool make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  fchmod(ends[1], 0622);
  return true;
}

struct spawn_answer spawn_run(const struct spawn_spec *spec) {
  int ends[2] = {-1, -1};
  if (!spec->inherit && !make_pipe(ends)) return (struct spawn_answer){0, "pipe", errno};
  uint64_t mark = tree_next_mark();
  if (mark_limit.rlim_max != RLIM_INFINITY && mark > mark_limit.rlim_max) mark = 0;
  bool shares = output_slot >= 0 && !spec->inherit;
  if (shares) {
    dup3(ends[1], output_slot, O_CLOEXEC);
    close(ends[1]);
    ends[1] = output_slot;
  }
  struct child child = {.spec = spec,
                        .output_fd = ends[1],
                        .shares_files = shares,
                        .mark = mark,
                        .foreground = spec->inherit && tty_is_ours()};
  pid_t pid = spawn_child(child_main, shares ? CLONE_FILES : 0, &child);
  struct spawn_answer answer = {pid, NULL, 0};
  if (pid < 0) answer = (struct spawn_answer){0, "fork", errno};
  if (pid > 0 && spec->uid >= 0) prctl(PR_SET_DUMPABLE, dumpable);
  if (shares)
    dup3(null_fd, output_slot, O_CLOEXEC);
  else if (ends[1] >= 0)
    close(ends[1]);
  if (pid > 0 && child.step) {
    /* It has ended already, and nobody else may see its pid. */
    waitpid(pid, NULL, 0);
    answer = (struct spawn_answer){0, child.step, child.error};
  }
  struct pipe *pipe = NULL;
  if (answer.pid > 0 && !spec->inherit) pipe = pump_add(ends[0], spec->daemon, spec->number);
  bool kept = answer.pid > 0 && (spec->inherit || pipe);
  if (answer.pid > 0 && (!kept || !run_add(spec->daemon, spec->number, pid, mark, pipe))) {
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (pipe) pump_close(spec->daemon, spec->number);
    return (struct spawn_answer){0, "fork", ENOMEM};
  }
  if (answer.pid == 0 && ends[0] >= 0) close(ends[0]);
  return answer;
}
