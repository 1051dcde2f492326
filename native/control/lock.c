/* A lock that lives as long as this process. It is a lock of the kernel, so it is never stale,
 * whatever pid the file contains. It is a POSIX lock, because children do not inherit it and the
 * kernel knows the holder's pid. Its trap: closing any descriptor of the file releases it. So no
 * other code here may open that file. */
#define _GNU_SOURCE
#include "control/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES_MAX = 8 }; /* the holder may end between two calls */

static int lock_fd = -1;

/* 0: taken. Otherwise errno, or -1 when another process holds it, which `holder` describes. */
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

/* Writes newlines over the rest of an older, longer text: truncating a file may take a disk a
 * while. The lock is valid even if the disk is full. */
static void write_holder(int fd, const char *text, size_t bytes) {
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
  if (pwrite(fd, padded, length, 0) < 0) { /* It is only for the message of a refused process. */
  }
}

enum lock lock_take(const char *path, const char *text, size_t bytes, struct lock_holder *holder) {
  int fd = -1, error = lock_fd >= 0 ? EBUSY : open_lock(path, &fd);
  int taken = error ? error : try_lock(fd, holder);
  if (taken == 0) {
    lock_fd = fd;
    write_holder(fd, text, bytes);
    return LOCK_OURS;
  }
  if (fd >= 0) close(fd);
  errno = taken;
  return taken < 0 ? LOCK_HELD : LOCK_FAILED;
}
