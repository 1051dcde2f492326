/* The whole content is read before the request, because its size is a part of that. */
#define _GNU_SOURCE
#include "control/upload.h"
#include "base/errno_name.h"
#include "control/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTENT_BYTES_MAX = 64 * 1024 * 1024 };

static char *content;
static size_t bytes_kept;

static void forget(void) {
  free(content);
  content = NULL;
  bytes_kept = 0;
}

/* One byte more than the maximum tells that it is too large. */
static const char *read_all(int fd, size_t max_bytes) {
  struct stat st;
  if (fstat(fd, &st) != 0) return errno_name(errno);
  if (S_ISDIR(st.st_mode)) return "EISDIR";
  if (!(content = malloc(max_bytes + 1))) return "ENOMEM";
  for (;;) {
    ssize_t n = read(fd, content + bytes_kept, max_bytes + 1 - bytes_kept);
    if (n == 0) return NULL;
    if (n < 0 && errno != EINTR) return errno_name(errno);
    if (n > 0) bytes_kept += (size_t)n;
    if (bytes_kept > max_bytes) return "too large";
  }
}

const char *upload_read(const char *path, size_t max_bytes, size_t *bytes) {
  forget();
  if (max_bytes > CONTENT_BYTES_MAX) return "too large";
  bool is_stdin = strcmp(path, "-") == 0;
  int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return errno_name(errno);
  const char *error = read_all(fd, max_bytes);
  if (!is_stdin) close(fd);
  if (error) forget();
  *bytes = bytes_kept;
  return error;
}

int upload_send(void) {
  int error = connection_send(content, bytes_kept);
  forget();
  return error;
}
