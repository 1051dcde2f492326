/* This program once more: as a helper in a child of its own, as a run, or in our place. It is found
 * through a descriptor that is opened at the start, so that neither /proc nor a path is needed. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int self_fd = -1;
static char self_path[32];

/* /proc/self/exe is right even when we were moved; without /proc the kernel's own word must do. */
void self_init(void) {
  self_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
  if (self_fd < 0 && getauxval(AT_EXECFN))
    self_fd = open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC);
  self_fd = fd_moved_up(self_fd);
  snprintf(self_path, sizeof self_path, "/proc/self/fd/%d", self_fd);
}

/* By the descriptor, which needs no /proc; a seccomp profile may refuse that. */
int exec_own_file(char *const *argv, char *const *env) {
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
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
  dup2(self->stdout_fd, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  spawn_restore_limits();
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
  return spawn_child(self_main, 0, &self);
}

int exec_self(char *const *argv) {
  signals_unblock();
  spawn_restore_limits();
  return exec_own_file(argv, environment);
}
