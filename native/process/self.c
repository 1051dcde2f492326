/* This program is executed through a descriptor opened at the start: neither /proc nor a path is
 * needed. */
#define _GNU_SOURCE
#include "process/self.h"
#include "process/descriptors.h"
#include "process/environ.h"
#include "process/raw.h"
#include "process/signal_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>

static int self_fd = -1;
static char self_path[32];

/* /proc/self/exe is right even if the file was moved. Without /proc, use the path from the kernel.
 */
void self_init(void) {
  self_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
  if (self_fd < 0 && getauxval(AT_EXECFN))
    self_fd = open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC);
  self_fd = fd_moved_up(self_fd);
  snprintf(self_path, sizeof self_path, "/proc/self/fd/%d", self_fd);
}

/* execveat needs no /proc, but a seccomp profile may refuse it. */
int exec_own_file(char *const *argv, char *const *env) {
  long error = RAW(SYS_execveat, self_fd, "", argv, env, AT_EMPTY_PATH);
  RAW(SYS_execve, self_path, argv, env);
  return (int)-error;
}

int exec_self(char *const *argv) {
  signals_unblock();
  descriptors_restore_limit();
  return exec_own_file(argv, environment);
}
