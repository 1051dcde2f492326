/* The child between clone and exec. It shares our memory, so it makes system calls and nothing
 * else: no malloc, and raw calls where libc would change every thread of the parent. An error is
 * handed back through that same memory, exact and at once. */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool fail(struct child *child, const char *step) {
  child->error = errno;
  child->step = step;
  return false;
}

/* With a thousand daemons, to copy our table of descriptors and to close it again at exec would
 * cost a child more than all else. So it shares the table until here, and takes only the low ones.
 */
static bool take_files(struct child *child) {
  const unsigned unshare = 2; /* CLOSE_RANGE_UNSHARE */
  if (child->files_kept < 0) return true;
  if (syscall(SYS_close_range, (unsigned)child->files_kept + 1, ~0u, unshare) == 0) return true;
  return fail(child, "fork");
}

static bool place(int fd, int wanted) {
  return fd == wanted ? fcntl(wanted, F_SETFD, 0) == 0 : dup2(fd, wanted) == wanted;
}

/* Stdio first: the end for readiness may have any number, and afterwards nothing of ours that is
 * still needed has one from 3 to 9. */
static bool place_files(struct child *child) {
  if (child->spec->stdio != STDIO_INHERIT) {
    int output = child->output_fd >= 0 ? child->output_fd : child->null_fd;
    dup2(child->null_fd, 0);
    dup2(output, 1);
    dup2(output, 2);
  }
  if (child->ready_fd >= 0 && !place(child->ready_fd, child->spec->ready_fd))
    return fail(child, "pipe");
  if (child->control_fd >= 0 && !place(child->control_fd, control_number(child->spec)))
    return fail(child, "socket");
  return true;
}

static void take_session(struct child *child) {
  if (child->spec->stdio != STDIO_INHERIT) {
    setsid();
    return;
  }
  setpgid(0, 0);
  if (child->foreground) tcsetpgrp(0, getpid());
}

static bool set_limits(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  spawn_restore_limits();
  if (child->mark) {
    struct rlimit mark = {child->mark, child->mark_max};
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
  if (child->parent != 1 && spec->stdio != STDIO_INHERIT) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent) raise(SIGKILL);
  }
  return true;
}

static void execute(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  int denied = 0;
  if (!spec->candidates) errno = exec_own_file(spec->argv, spec->envp);
  for (char **path = spec->candidates; path && *path; path++) {
    execve(*path, spec->argv, spec->envp);
    if (errno == EACCES)
      denied = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR)
      break;
  }
  if (denied && (errno == ENOENT || errno == ENOTDIR)) errno = denied;
  fail(child, "exec");
}

int child_main(void *argument) {
  struct child *child = argument;
  const struct spawn_spec *spec = child->spec;
  if (!take_files(child)) _exit(127);
  take_session(child);
  if (spec->umask >= 0) umask((mode_t)spec->umask);
  if (place_files(child) && set_limits(child) && set_user(child)) {
    if (spec->cwd && chdir(spec->cwd) != 0) {
      fail(child, "cwd");
    } else {
      signals_reset_in_child();
      execute(child);
    }
  }
  _exit(127);
}
