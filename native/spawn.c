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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_STACK_BYTES = 64 * 1024 };

static char child_stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
static int null_fd = -1, self_fd = -1, dumpable;
static char self_path[32];
static pid_t self_pid;
static struct rlimit files_limit, mark_limit;

struct child {
  const struct spawn_spec *spec;
  int output_fd;
  uint64_t mark;
  bool foreground; /* give it our terminal: SIGTTOU is blocked, so that this does not stop it */
  const char *volatile step;
  volatile int error;
};

void spawn_init(void) {
  self_pid = getpid();
  /* /proc/self/exe is right even when we were moved; without /proc the kernel's own word must do.
   */
  self_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
  if (self_fd < 0 && getauxval(AT_EXECFN))
    self_fd = open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC);
  snprintf(self_path, sizeof self_path, "/proc/self/fd/%d", self_fd);
  null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  dumpable = prctl(PR_GET_DUMPABLE);
  getrlimit(RLIMIT_NOFILE, &files_limit);
  getrlimit(RLIMIT_RSS, &mark_limit);
  struct rlimit raised = {files_limit.rlim_max, files_limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
}

/* What we were started with beside stdio is not for daemons: a lock that they inherit would never
 * be free. */
void spawn_keep_descriptors(void) {
  const unsigned on_exec = 4; /* CLOSE_RANGE_CLOEXEC, from Linux 5.11 on */
  if (syscall(SYS_close_range, 3u, ~0u, on_exec) == 0) return;
  for (int fd = 3; fd < 1024; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static bool fail(struct child *child, const char *step) {
  child->error = errno;
  child->step = step;
  return false;
}

static bool set_limits(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  setrlimit(RLIMIT_NOFILE, &files_limit);
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

static pid_t start(int (*run)(void *), void *argument) {
  return clone(run, child_stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, argument);
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
  struct child child = {.spec = spec,
                        .output_fd = ends[1],
                        .mark = mark,
                        .foreground = spec->inherit && tty_is_ours()};
  pid_t pid = start(child_main, &child);
  struct spawn_answer answer = {pid, NULL, 0};
  if (pid < 0) answer = (struct spawn_answer){0, "fork", errno};
  if (pid > 0 && spec->uid >= 0) prctl(PR_SET_DUMPABLE, dumpable);
  if (ends[1] >= 0) close(ends[1]);
  if (pid > 0 && child.step) {
    /* It has ended already, and nobody else may see its pid. */
    waitpid(pid, NULL, 0);
    answer = (struct spawn_answer){0, child.step, child.error};
  }
  bool kept = answer.pid > 0 && (spec->inherit || pump_add(ends[0], spec->daemon, spec->number));
  if (answer.pid > 0 && (!kept || !run_add(spec->daemon, spec->number, pid, mark, spec->inherit))) {
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (kept && !spec->inherit) pump_close(spec->daemon, spec->number);
    return (struct spawn_answer){0, "fork", ENOMEM};
  }
  if (answer.pid == 0 && ends[0] >= 0) close(ends[0]);
  return answer;
}

/* By the descriptor, which needs no /proc; a seccomp profile may refuse that. Returns what was
 * wrong with it. */
static int exec_own_file(char *const *argv, char *const *env) {
  syscall(SYS_execveat, self_fd, "", argv, env, AT_EMPTY_PATH);
  int error = errno;
  execve(self_path, argv, env);
  return error;
}

struct self {
  char *const *argv;
  int stdout_fd;
  struct rlimit address_space, cpu_seconds;
};

static int self_main(void *argument) {
  const struct self *self = argument;
  char *const no_environment[] = {NULL};
  setsid();
  dup2(null_fd, 0);
  dup2(self->stdout_fd, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setrlimit(RLIMIT_NOFILE, &files_limit);
#ifndef __SANITIZE_ADDRESS__ /* Its shadow is terabytes, of which next to nothing is used. */
  setrlimit(RLIMIT_AS, &self->address_space);
#endif
  setrlimit(RLIMIT_CPU, &self->cpu_seconds);
  signals_reset_in_child();
  const char *error = errno_name(exec_own_file(self->argv, no_environment));
  const char words[] = "pitcrew: cannot execute itself as a helper: ";
  write_all(2, words, sizeof words - 1);
  write_all(2, error, strlen(error));
  const char remedy[] = "; allow execveat, or mount /proc\n";
  write_all(2, remedy, sizeof remedy - 1);
  _exit(127);
}

pid_t spawn_self(char *const *argv, int stdout_fd, struct rlimit address_space,
                 struct rlimit cpu_seconds) {
  struct self self = {argv, stdout_fd, address_space, cpu_seconds};
  return start(self_main, &self);
}

int exec_self(char *const *argv) {
  signals_unblock();
  setrlimit(RLIMIT_NOFILE, &files_limit);
  return exec_own_file(argv, environment);
}
