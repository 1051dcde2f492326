#define _GNU_SOURCE
#include "base/file.h"
#include "base/errno_name.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

char *file_read(const char *path, size_t max_bytes, size_t *bytes, const char **error) {
  *error = "too large";
  if (max_bytes > FILE_BYTES_MAX) return NULL;
  /* Non-blocking: opening a FIFO would wait for a writer. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  char *text = NULL;
  *error = NULL;
  if (fd < 0 || fstat(fd, &st) != 0)
    *error = errno_name(errno);
  else if (!S_ISREG(st.st_mode))
    *error = S_ISDIR(st.st_mode) ? "EISDIR" : "not a regular file";
  else if (!(text = malloc(max_bytes + 2)))
    *error = "ENOMEM";
  size_t at = 0;
  /* Files in /proc have size 0: read until the end. */
  for (ssize_t n = 1; !*error && n != 0;) {
    n = read(fd, text + at, max_bytes + 1 - at);
    if (n < 0 && errno != EINTR) *error = errno_name(errno);
    if (n > 0) at += (size_t)n;
    if (at > max_bytes) *error = "too large";
  }
  if (fd >= 0) close(fd);
  if (*error) {
    free(text);
    return NULL;
  }
  text[at] = 0;
  *bytes = at;
  return text;
}

int file_write_to(int fd, const char *text, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = write(fd, text, bytes);
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) text += n, bytes -= (size_t)n;
  }
  return 0;
}

static int write_temporary(const char *temporary, const char *text, size_t bytes, bool durable) {
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return errno;
  int error = file_write_to(fd, text, bytes);
  if (!error && durable && fsync(fd) != 0 && errno != EINVAL && errno != EROFS) error = errno;
  if (close(fd) != 0 && !error) error = errno;
  return error;
}

int file_write(const char *path, const char *text, size_t bytes, bool durable) {
  char temporary[4096];
  if (snprintf(temporary, sizeof temporary, "%s.%d.tmp", path, (int)getpid()) >=
      (int)sizeof temporary)
    return ENAMETOOLONG;
  int error = write_temporary(temporary, text, bytes, durable);
  if (!error && rename(temporary, path) != 0) error = errno;
  if (error) unlink(temporary);
  return error;
}

/* The owner is our user, or we are root. But in a world-writable folder (/dev/shm) a folder of
 * another user is a trap for root, too. */
static bool is_ours(char *path, const struct stat *st) {
  if (st->st_uid == geteuid() || geteuid() != 0) return st->st_uid == geteuid();
  char *slash = strrchr(path, '/');
  struct stat above;
  if (!slash || slash == path) return true;
  *slash = 0;
  bool is_world_writable = lstat(path, &above) != 0 || (above.st_mode & S_IWOTH);
  *slash = '/';
  return !is_world_writable;
}

/* Creates the folder of a path and the one above it, which must be ours: a folder created by
 * another user is refused. The one above those belongs to the system, but an image from scratch may
 * lack /run. */
int create_folder(char *path, int levels) {
  char *slash = strrchr(path, '/');
  if (!slash || slash == path) return 0;
  *slash = 0;
  if (levels == 0) {
    mkdir(path, 0755);
    *slash = '/';
    return 0;
  }
  struct stat st;
  int error = 0;
  bool is_there = levels == 1 && lstat(path, &st) == 0;
  if (!is_there) {
    error = create_folder(path, levels - 1);
    if (!error && mkdir(path, 0700) != 0 && errno != EEXIST) error = errno;
    if (!error && lstat(path, &st) != 0) error = errno;
  }
  if (!error && !S_ISDIR(st.st_mode)) error = ENOTDIR;
  if (!error && !is_ours(path, &st)) error = EPERM;
  *slash = '/';
  return error;
}

static int trace_fd = -1;

int trace_open(const char *path) {
  trace_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
  return trace_fd < 0 ? errno : 0;
}

void trace_line(const char *line, size_t bytes) {
  write_all(trace_fd, line, bytes);
  write_all(trace_fd, "\n", 1);
}

int write_all(int to, const char *text, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = write(to, text, bytes);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return errno;
    if (n < 0 && errno == EAGAIN) poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
    if (n > 0) text += n, bytes -= (size_t)n;
  }
  return 0;
}
