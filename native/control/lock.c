/* A lock that lives as long as this process, whoever reads or leaves the file: the kernel's own, so
 * that there is no stale one, whatever pid is written there. A lock of POSIX, since children do not
 * inherit it and the kernel tells the holder's pid. Its trap: to close any descriptor of the file,
 * however it was opened, gives it up. So nobody else here may open it. */
#define _GNU_SOURCE
#include "control/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES_MAX = 8 }; /* the holder may end between our question and our look */

static int lock_fd = -1;

/* 0: ours. Else errno, or -1 when somebody has it, who is in `holder`. */
static int try_lock(int fd, struct lock_holder *holder) {
  for (int tries = 0; tries < TRIES_MAX; tries++) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) == 0) return 0;
    if (errno != EAGAIN && errno != EACCES) return errno;
    if (fcntl(fd, F_GETLK, &lock) != 0) return errno;
    if (lock.l_type == F_UNLCK) continue;
    ssize_t n = pread(fd, holder->text, sizeof holder->text, 0);
    holder->bytes = n > 0 ? (size_t)n : 0;
    holder->pid = lock.l_pid > 0 ? lock.l_pid : 0;
    return -1;
  }
  return EAGAIN;
}

static int open_lock(const char *path, int *fd) {
  struct stat st;
  *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
  if (*fd < 0 || fstat(*fd, &st) != 0) return errno;
  return S_ISREG(st.st_mode) ? 0 : EINVAL;
}

/* What is left of a longer text of before is made blank: to truncate a file takes a disk a while.
 * It is ours on a full disk, too. */
static void say_whose(int fd, const char *text, size_t bytes) {
  char padded[LOCK_TEXT_MAX];
  struct stat st;
  size_t length = bytes < sizeof padded ? bytes : sizeof padded, before = 0;
  if (fstat(fd, &st) == 0 && st.st_size > 0) before = (size_t)st.st_size;
  if (before > sizeof padded) before = sizeof padded;
  memcpy(padded, text, length);
  if (before > length) {
    memset(padded + length, '\n', before - length);
    length = before;
  }
  if (pwrite(fd, padded, length, 0) < 0) { /* Nobody needs it but who is refused. */
  }
}

enum lock lock_take(const char *path, const char *text, size_t bytes, struct lock_holder *holder) {
  int fd = -1, error = lock_fd >= 0 ? EBUSY : open_lock(path, &fd);
  int taken = error ? error : try_lock(fd, holder);
  if (taken == 0) {
    lock_fd = fd;
    say_whose(fd, text, bytes);
    return LOCK_OURS;
  }
  if (fd >= 0) close(fd);
  errno = taken;
  return taken < 0 ? LOCK_HELD : LOCK_FAILED;
}
