/* The work of a helper that is a fork of this process: files and sockets on a disk that may hang.
 * No fsync: the file is for a reader after our end, and fsync may take longer than the rest of a
 * shutdown. */
#define _GNU_SOURCE
#include "helper/helper_work.h"
#include "base/address.h"
#include "base/errno_name.h"
#include "base/file.h"
#include "helper/file_append.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_one(const struct helper_task *task, char *path) {
  int error = create_folder(path, 2);
  if (error) return error;
  return task->kind == HELPER_APPEND ? file_append(path, task->text, task->bytes, task->max_bytes)
                                     : file_write(path, task->text, task->bytes, false);
}

/* Writes to the first path that can be written. A whole file is written at the end, when no event
 * is delivered any more: so its failure is printed here. */
static int write_first(const struct helper_task *task) {
  int error = ENOENT;
  char path[PATH_MAX];
  for (char *const *paths = task->words; error && *paths; paths++) {
    bool fits = snprintf(path, sizeof path, "%s", *paths) < (int)sizeof path;
    error = fits ? write_one(task, path) : ENAMETOOLONG;
  }
  if (!error || task->kind == HELPER_APPEND) return error;
  char line[PATH_MAX + 64];
  int n = snprintf(line, sizeof line, "pitcrew: cannot write %s: %s\n", path, errno_name(error));
  write_all(2, line, (size_t)n);
  return error;
}

/* A growing file is sometimes renamed to PATH.1: both are read as one. */
static int print_tail(const struct helper_task *task) {
  for (char *const *paths = task->words; *paths; paths++) {
    char older_path[PATH_MAX];
    size_t bytes = 0, older_bytes = 0;
    char *text = file_tail(*paths, task->max_bytes, &bytes), *older = NULL;
    if (!text || bytes == 0) continue;
    if (snprintf(older_path, sizeof older_path, "%s.1", *paths) < (int)sizeof older_path)
      older = file_tail(older_path, task->max_bytes - bytes, &older_bytes);
    int error = older ? file_write_to(1, older, older_bytes) : 0;
    return error ? error : file_write_to(1, text, bytes);
  }
  return 0;
}

static int connect_to(const char *path) {
  struct address address;
  int error = address_of_path(path, &address);
  if (error) return error;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  if (connect(fd, (const struct sockaddr *)&address.storage, address.bytes) == 0) return 0;
  return errno == EAGAIN ? 0 : errno; /* A full backlog belongs to a listener. */
}

static int do_one(const struct helper_task *task) {
  switch (task->kind) {
    case HELPER_RUN: return ENOSYS;
    case HELPER_APPEND:
    case HELPER_WRITE: return write_first(task);
    case HELPER_TAIL: return print_tail(task);
    case HELPER_EXISTS: return access(task->words[0], F_OK) == 0 ? 0 : errno;
    case HELPER_CONNECT: return connect_to(task->words[0]);
  }
  return EINVAL;
}

int helper_work(const struct helper_task *task) {
  int error = 0;
  for (; task; task = task->next) {
    int failure = do_one(task);
    if (!error) error = failure;
  }
  return error;
}
