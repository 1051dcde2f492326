#define _GNU_SOURCE
#include "process/descriptors.h"
#include "process/raw.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/resource.h>

static int null_fd = -1;
/* Low descriptors reserved for a child's ends; -1 where each child gets a table of its own. */
static int output_slot = -1, ready_slot = -1, control_slot = -1;
static bool are_lent; /* to a child that may still use them */
static struct rlimit files_limit;

void descriptors_init(void) {
  null_fd = fd_moved_up(open("/dev/null", O_RDWR | O_CLOEXEC));
  getrlimit(RLIMIT_NOFILE, &files_limit);
  struct rlimit raised = {files_limit.rlim_max, files_limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
}

void descriptors_restore_limit(void) { RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &files_limit); }

int fd_moved_up(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, READY_FD_MAX + 1);
  if (moved < 0) return fd;
  close(fd);
  return moved;
}

int null_descriptor(void) { return null_fd; }

/* Descriptors beside stdio that we inherited are not for daemons: a lock that a daemon inherits
 * would never be released. */
void descriptors_close_on_exec(void) {
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

void child_ends_close(const struct child_ends *ends) {
  if (ends->output >= 0) close(ends->output);
  if (ends->ready >= 0) close(ends->ready);
  if (ends->control >= 0) close(ends->control);
}

int last_slot(void) { return are_lent ? -1 : control_slot; }

static void lend(int *fd, int slot) {
  if (*fd < 0) return;
  dup3(*fd, slot, O_CLOEXEC);
  close(*fd);
  *fd = slot;
}

void child_ends_lend(struct child_ends *ends) {
  lend(&ends->output, output_slot);
  lend(&ends->ready, ready_slot);
  lend(&ends->control, control_slot);
  are_lent = true;
}

void child_ends_take_back(const struct child_ends *ends) {
  if (ends->output >= 0) dup3(null_fd, ends->output, O_CLOEXEC);
  if (ends->ready >= 0) dup3(null_fd, ends->ready, O_CLOEXEC);
  if (ends->control >= 0) dup3(null_fd, ends->control, O_CLOEXEC);
  are_lent = false;
}
