/* Files of lines that grow, such as the journal. A writer may be killed in the middle of a line, or
 * the disk be full there. */
#define _GNU_SOURCE
#include "helper/file_append.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BYTES_MAX = 16 * 1024 * 1024 };

/* Non-blocking: opening a FIFO would wait for its other end. */
static int open_regular(const char *path, int flags, struct stat *st) {
  int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (fd < 0) return -1;
  int error = fstat(fd, st) != 0 ? errno : S_ISREG(st->st_mode) ? 0 : EINVAL;
  if (!error) return fd;
  close(fd);
  errno = error;
  return -1;
}

static bool ends_in_a_line(int fd, off_t size) {
  char last;
  return size == 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

/* A reader sees whole lines. A partial write is undone; where that fails, the next append ends the
 * torn line. */
static int append_to(int fd, off_t size, const char *text, size_t bytes) {
  int error = ends_in_a_line(fd, size) ? 0 : file_write_to(fd, "\n", 1);
  if (!error) error = file_write_to(fd, text, bytes);
  return error && ftruncate(fd, size) != 0 ? errno : error;
}

int file_append(const char *path, const char *text, size_t bytes, size_t max_bytes) {
  struct stat st;
  int fd = open_regular(path, O_RDWR | O_CREAT | O_APPEND, &st);
  if (fd >= 0 && st.st_size > 0 && (size_t)st.st_size + bytes > max_bytes) {
    char older[PATH_MAX];
    close(fd);
    if (snprintf(older, sizeof older, "%s.1", path) >= (int)sizeof older) return ENAMETOOLONG;
    if (rename(path, older) != 0) return errno;
    fd = open_regular(path, O_RDWR | O_CREAT | O_APPEND, &st);
  }
  if (fd < 0) return errno;
  int error = append_to(fd, st.st_size, text, bytes);
  if (close(fd) != 0 && !error) error = errno;
  return error;
}

/* Includes the byte before the range, which shows whether it begins with a whole line. */
static char *read_end(int fd, off_t size, size_t max_bytes, size_t *bytes) {
  size_t wanted = (size_t)size > max_bytes ? max_bytes + 1 : (size_t)size;
  char *text = malloc(wanted + 1);
  ssize_t n = 1;
  *bytes = 0;
  for (off_t from = size - (off_t)wanted; text && *bytes < wanted && n != 0;) {
    n = pread(fd, text + *bytes, wanted - *bytes, from + (off_t)*bytes);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) *bytes += (size_t)n;
  }
  return text;
}

char *file_tail(const char *path, size_t max_bytes, size_t *bytes) {
  struct stat st;
  int fd = open_regular(path, O_RDONLY, &st);
  if (fd < 0) return NULL;
  if (max_bytes > TAIL_BYTES_MAX) max_bytes = TAIL_BYTES_MAX;
  size_t read_bytes;
  char *text = read_end(fd, st.st_size, max_bytes, &read_bytes);
  close(fd);
  if (!text) return NULL;
  const char *last = memrchr(text, '\n', read_bytes), *first = text;
  if ((size_t)st.st_size > max_bytes && last) first = (char *)memchr(text, '\n', read_bytes) + 1;
  *bytes = last ? (size_t)(last + 1 - first) : 0;
  memmove(text, first, *bytes);
  return text;
}
