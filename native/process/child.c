/* The child between clone and exec. It runs beside the parent in the same memory, so it makes raw
 * system calls only: no malloc, no errno, no libc function that keeps state. It reports an error
 * through that memory, exactly and at once. */
#define _GNU_SOURCE
#include "process/child.h"
#include "process/environ.h"
#include "process/raw.h"
#include "process/self.h"
#include "process/signal_state.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

static bool fail(struct child *child, const char *step, long error) {
  child->error = (int)-error;
  child->failed_step = step;
  return false;
}

/* With a thousand daemons, copying our descriptor table and closing it at exec would cost a child
 * more than everything else. So the child shares the table until here, and then copies the low
 * descriptors only. */
static bool copy_low_descriptors(struct child *child) {
  const unsigned unshare = 2; /* CLOSE_RANGE_UNSHARE */
  if (child->files_kept < 0) return true;
  long error = RAW(SYS_close_range, child->files_kept + 1, ~0u, unshare);
  return error == 0 || fail(child, "fork", error);
}

static long place_descriptor(int fd, int wanted) {
  return fd == wanted ? RAW(SYS_fcntl, wanted, F_SETFD, 0) : RAW(SYS_dup3, fd, wanted, 0);
}

/* Stdio first: the readiness pipe may have any number. Afterwards no descriptor of ours that is
 * still needed has a number from 3 to 9. */
static bool place_descriptors(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  if (spec->stdio != STDIO_INHERIT) {
    int output = child->ends.output >= 0 ? child->ends.output : child->null_fd;
    place_descriptor(child->null_fd, 0);
    place_descriptor(output, 1);
    place_descriptor(output, 2);
  }
  long error = child->ends.ready >= 0 ? place_descriptor(child->ends.ready, spec->ready_fd) : 0;
  if (error < 0) return fail(child, "pipe", error);
  error =
      child->ends.control >= 0 ? place_descriptor(child->ends.control, control_number(spec)) : 0;
  return error >= 0 || fail(child, "socket", error);
}

static void start_session(struct child *child) {
  if (child->spec->stdio != STDIO_INHERIT) {
    RAW(SYS_setsid, 0);
    return;
  }
  RAW(SYS_setpgid, 0, 0);
  pid_t pid = (pid_t)RAW(SYS_getpid, 0);
  if (child->foreground) RAW(SYS_ioctl, 0, TIOCSPGRP, &pid);
}

static bool set_limits(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  descriptors_restore_limit();
  if (child->mark) {
    struct rlimit mark = {child->mark, child->mark_max};
    RAW(SYS_prlimit64, 0, RLIMIT_RSS, &mark);
  }
  for (int i = 0; i < spec->limit_count; i++) {
    struct rlimit limit = {spec->limits[i].soft, spec->limits[i].hard};
    long error = RAW(SYS_prlimit64, 0, spec->limits[i].resource, &limit);
    if (error) return fail(child, "limits", error);
  }
  return true;
}

/* Variables that the bundle sets take precedence over those of the user's line. */
static bool is_set_by_bundle(const struct spawn_spec *spec, const char *entry) {
  size_t length = (size_t)(strchr(entry, '=') - entry) + 1;
  bool is_own = false;
  for (char **e = spec->envp; *e; e++) {
    is_own |= *e == spec->own_entry;
    if (is_own && strncmp(*e, entry, length) == 0) return true;
  }
  return false;
}

static void set_variable(const struct spawn_spec *spec, char *entry) {
  if (!is_set_by_bundle(spec, entry)) environment_put(spec->envp, entry);
}

/* A user without a line in /etc/passwd has no name, and must not get ours. */
static void set_user_variables(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  struct identity *identity = child->identity;
  static char root[] = "HOME=/";
  if (identity->is_known) {
    set_variable(spec, identity->home);
    set_variable(spec, identity->user);
    set_variable(spec, identity->logname);
  } else if (identity->uid >= 0) {
    set_variable(spec, root);
    if (!is_set_by_bundle(spec, "USER=")) environment_remove(spec->envp, "USER=");
    if (!is_set_by_bundle(spec, "LOGNAME=")) environment_remove(spec->envp, "LOGNAME=");
  }
}

static bool find_user(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  int error = 0;
  uid_t own = (uid_t)RAW(SYS_geteuid, 0);
  const char *step = identity_find(child->identity, spec->user, spec->group, own, &error);
  if (step) return fail(child, step, -error);
  child->is_own_user = child->identity->uid < 0;
  set_user_variables(child);
  return true;
}

static bool set_user(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  struct identity *identity = child->identity;
  int64_t uid = identity->uid, gid = identity->gid;
  long error = 0;
  child->has_changed_user = uid >= 0 || gid >= 0;
  if (identity->group_count >= 0)
    error = RAW(SYS_setgroups, identity->group_count, identity_groups(identity));
  if (!error && gid >= 0) error = RAW(SYS_setresgid, gid, gid, gid);
  if (!error && uid >= 0) error = RAW(SYS_setresuid, uid, uid, uid);
  if (error) return fail(child, "user", error);
  /* Only when we are not PID 1, whose end ends everything. After the change of user, which clears
   * this. */
  if (child->parent != 1 && spec->stdio != STDIO_INHERIT) {
    RAW(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (RAW(SYS_getppid, 0) != child->parent) RAW(SYS_kill, RAW(SYS_getpid, 0), SIGKILL);
  }
  return true;
}

static bool enter_folder(struct child *child) {
  long error = child->spec->cwd ? RAW(SYS_chdir, child->spec->cwd) : 0;
  return error == 0 || fail(child, "cwd", error);
}

/* The beginning of a file that exists and cannot be executed shows why. */
static void read_head(struct child *child, const char *path) {
  long fd = RAW(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return;
  long n = RAW(SYS_read, fd, child->head, sizeof child->head - 1);
  child->head[n > 0 ? n : 0] = 0;
  RAW(SYS_close, fd);
}

/* Like execvp: /bin/sh executes a script without "#!", if the spec allows that. */
static void execute(struct child *child) {
  const struct spawn_spec *spec = child->spec;
  long error = 0, denied = 0;
  if (!spec->candidates) error = -exec_own_file(spec->argv, spec->envp);
  for (char **path = spec->candidates; path && *path; path++) {
    error = RAW(SYS_execve, *path, spec->argv, spec->envp);
    if (error == -ENOEXEC && spec->script_argv) {
      spec->script_argv[1] = *path;
      RAW(SYS_execve, spec->script_argv[0], spec->script_argv, spec->envp);
    }
    if (error == -EACCES)
      denied = error;
    else if (error != -ENOENT && error != -ENOTDIR)
      break;
  }
  for (char **path = spec->candidates; path && *path && !*child->head; path++)
    if (error == -ENOENT || error == -ENOEXEC) read_head(child, *path);
  if (denied && (error == -ENOENT || error == -ENOTDIR)) error = denied;
  fail(child, "exec", error);
}

/* The current step, for the message about a child that stalls. */
static bool begin_step(struct child *child, const char *step) {
  child->current_step = step;
  return true;
}

int child_main(void *argument) {
  struct child *child = argument;
  const struct spawn_spec *spec = child->spec;
  begin_step(child, "fork");
  if (copy_low_descriptors(child)) {
    start_session(child);
    if (spec->umask >= 0) RAW(SYS_umask, spec->umask);
    if (begin_step(child, "user") && find_user(child) && place_descriptors(child) &&
        begin_step(child, "limits") && set_limits(child) && begin_step(child, "user") &&
        set_user(child) && begin_step(child, "cwd") && enter_folder(child)) {
      begin_step(child, "exec");
      signals_reset_in_child();
      execute(child);
    }
  }
  raw_exit(127);
}
