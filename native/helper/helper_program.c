/* A helper that executes this program again, in bounded memory and processor time. */
#define _GNU_SOURCE
#include "helper/helper_program.h"
#include "base/errno_name.h"
#include "process/raw.h"
#include "process/self.h"
#include "process/signal_state.h"
#include "process/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

struct self {
  char **argv;
  int stdin_fd, stdout_fd;
  struct rlimit address_space, cpu_seconds;
};

static void write_stderr(const char *text) { RAW(SYS_write, 2, text, strlen(text)); }

/* Between clone and exec: raw system calls only. */
static int self_main(void *argument) {
  const struct self *self = argument;
  char *const no_environment[] = {NULL};
  RAW(SYS_setsid, 0);
  long input = self->stdin_fd > 0 ? self->stdin_fd
                                  : RAW(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
  RAW(SYS_dup3, input, 0, 0);
  RAW(SYS_dup3, self->stdout_fd, 1, 0);
  RAW(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  descriptors_restore_limit();
#ifndef __SANITIZE_ADDRESS__ /* The sanitizer reserves terabytes of address space. */
  RAW(SYS_prlimit64, 0, RLIMIT_AS, &self->address_space);
#endif
  RAW(SYS_prlimit64, 0, RLIMIT_CPU, &self->cpu_seconds);
  signals_reset_in_child();
  const char *error = errno_name(exec_own_file(self->argv, no_environment));
  write_stderr("pitcrew: cannot execute itself as a helper: ");
  write_stderr(error);
  write_stderr("; allow execveat, or mount /proc\n");
  raw_exit(127);
}

/* A copy of what the child reads: it must exist until the child has executed its program. */
static struct self *self_in(struct arena *arena, char *const *argv) {
  size_t count = 0;
  while (argv[count]) count++;
  struct self *self = arena_take(arena, sizeof *self);
  char **list = arena_take(arena, (count + 1) * sizeof *list);
  if (!self || !list) return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t bytes = strlen(argv[i]) + 1;
    list[i] = arena_take(arena, bytes);
    if (!list[i]) return NULL;
    memcpy(list[i], argv[i], bytes);
  }
  list[count] = NULL;
  self->argv = list;
  return self;
}

/* The child has a copy of our descriptor table, so its ends stay open. */
pid_t spawn_self(char *const *argv, int stdin_fd, int stdout_fd, struct rlimit address_space,
                 struct rlimit cpu_seconds) {
  struct start *start = start_new();
  if (!start) return -1;
  struct self *self = self_in(&start->arena, argv);
  pid_t pid = -1;
  if (self) {
    *self = (struct self){self->argv, stdin_fd, stdout_fd, address_space, cpu_seconds};
    pid = start_child(start, self_main, 0, self);
  }
  int error = self ? errno : ENOMEM;
  if (!start->is_pending) start_release(start);
  errno = error;
  return pid;
}
