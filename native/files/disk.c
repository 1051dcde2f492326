/* Each function leaves the old state or the new one, durable when it returns, except for an
 * overwrite in place, which cannot. */
#define _GNU_SOURCE
#include "files/disk.h"
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

enum { CHUNK_BYTES = 64 * 1024 };

static char chunk[CHUNK_BYTES];

/* The first of two errors. */
static int first_of(int error, int later) { return error ? error : later; }

static int closed(int fd) { return close(fd) == 0 ? 0 : errno; }

/* Some devices do something when they are opened, so the kind is checked before, and again after:
 * the file may have been replaced meanwhile. */
int disk_open_regular(const char *path, int flags, int *fd) {
  struct stat st;
  if (lstat(path, &st) != 0) return errno;
  if (S_ISLNK(st.st_mode)) return ELOOP;
  if (!S_ISREG(st.st_mode)) return EINVAL;
  *fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (*fd < 0) return errno;
  int error = fstat(*fd, &st) != 0 ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;
  if (error) close(*fd);
  return error;
}

/* ---- durability. Some filesystems cannot be synchronised (EINVAL, EROFS), and a folder that
 * cannot be read cannot be opened for it. */

static int synced(int fd) {
  return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

static int sync_folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  size_t bytes = slash ? (size_t)(slash - path) : 0;
  char folder[PATH_MAX];
  if (bytes >= sizeof folder) return ENAMETOOLONG;
  memcpy(folder, path, bytes);
  folder[bytes] = 0;
  const char *name = !slash ? "." : bytes == 0 ? "/" : folder;
  int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == EACCES ? 0 : errno;
  int error = synced(fd);
  close(fd);
  return error;
}

/* ---- contents */

/* Reads to the end, and writes to `to`, unless it is -1. A file that is too large by its size is not
 * read; one that grows, or whose size is not known (/proc), is read up to the limit. */
static int pass_on(int from, int to, uint64_t max_bytes, struct hashed *hashed) {
  struct sha256 hash;
  struct stat st;
  if (fstat(from, &st) != 0) return errno;
  if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max_bytes) return EFBIG;
  sha256_init(&hash);
  for (ssize_t n = 1; n != 0;) {
    n = read(from, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if ((uint64_t)n > max_bytes - hash.bytes) return EFBIG;
    sha256_add(&hash, chunk, (size_t)n);
    int error = to >= 0 ? file_write_to(to, chunk, (size_t)n) : 0;
    if (error) return error;
  }
  hashed->bytes = hash.bytes;
  sha256_end(&hash, hashed->sha256);
  return 0;
}

int disk_hash(const char *path, uint64_t max_bytes, struct hashed *hashed) {
  int fd, error = disk_open_regular(path, O_RDONLY, &fd);
  if (error) return error;
  error = pass_on(fd, -1, max_bytes, hashed);
  close(fd);
  return error;
}

int disk_read(const char *path, size_t max_bytes, char **text, size_t *bytes) {
  int fd, error = disk_open_regular(path, O_RDONLY, &fd);
  if (error) return error;
  /* Files in /proc have size 0, so one byte more than the limit is tried. */
  *text = max_bytes < SIZE_MAX ? malloc(max_bytes + 1) : NULL;
  if (!*text) error = ENOMEM;
  *bytes = 0;
  for (ssize_t n = 1; !error && n != 0;) {
    n = read(fd, *text + *bytes, max_bytes + 1 - *bytes);
    if (n < 0 && errno != EINTR) error = errno;
    if (n > 0) *bytes += (size_t)n;
    if (*bytes > max_bytes) error = EFBIG;
  }
  close(fd);
  if (!error) return 0;
  free(*text);
  *text = NULL;
  return error;
}

/* The mode comes last: a change of the owner clears parts of it. */
static int set_attributes(int fd, mode_t mode, uid_t owner, gid_t group) {
  bool is_changed = owner != (uid_t)-1 || group != (gid_t)-1;
  if (is_changed && fchown(fd, owner, group) != 0) return errno;
  return fchmod(fd, mode) == 0 ? 0 : errno;
}

int disk_copy(const char *from, const char *to, mode_t mode, uid_t owner, gid_t group,
              uint64_t max_bytes, struct hashed *hashed) {
  bool is_stdin = strcmp(from, "-") == 0;
  int source = 0, error = is_stdin ? 0 : disk_open_regular(from, O_RDONLY, &source);
  if (error) return error;
  int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (target < 0) error = errno;
  if (!error) {
    error = pass_on(source, target, max_bytes, hashed);
    if (!error) error = set_attributes(target, mode, owner, group);
    if (!error) error = synced(target);
    error = first_of(error, closed(target));
    if (!error) error = sync_folder_of(to);
    if (error) unlink(to);
  }
  if (!is_stdin) close(source);
  return error;
}

/* Reserves the space before anything is changed: a full disk then changes nothing. */
static int reserve(int from, int to) {
  struct stat st;
  if (fstat(from, &st) != 0) return errno;
  if (st.st_size == 0 || fallocate(to, FALLOC_FL_KEEP_SIZE, 0, st.st_size) == 0) return 0;
  return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? errno : 0;
}

int disk_overwrite(const char *from, const char *to) {
  struct hashed hashed;
  int source, target, error = disk_open_regular(from, O_RDONLY, &source);
  if (error) return error;
  error = disk_open_regular(to, O_WRONLY, &target);
  if (!error) {
    error = reserve(source, target);
    if (!error) error = pass_on(source, target, UINT64_MAX, &hashed);
    if (!error && ftruncate(target, (off_t)hashed.bytes) != 0) error = errno;
    if (!error) error = synced(target);
    error = first_of(error, closed(target));
  }
  close(source);
  return error;
}

int disk_write(const char *path, const char *text, size_t bytes) {
  char temporary[PATH_MAX];
  if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
    return ENAMETOOLONG;
  /* That of an earlier life, which was killed. */
  if (unlink(temporary) != 0 && errno != ENOENT) return errno;
  int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  int error = file_write_to(fd, text, bytes);
  if (!error) error = synced(fd);
  error = first_of(error, closed(fd));
  if (!error) error = disk_rename(temporary, path);
  if (error) unlink(temporary);
  return error;
}

/* ---- names */

static bool is_same_folder(const char *a, const char *b) {
  const char *end_a = strrchr(a, '/'), *end_b = strrchr(b, '/');
  size_t bytes_a = end_a ? (size_t)(end_a - a) : 0, bytes_b = end_b ? (size_t)(end_b - b) : 0;
  return bytes_a == bytes_b && memcmp(a, b, bytes_a) == 0;
}

int disk_rename(const char *from, const char *to) {
  if (rename(from, to) != 0) return errno;
  int error = sync_folder_of(to);
  return error || is_same_folder(from, to) ? error : sync_folder_of(from);
}

int disk_remove(const char *path) {
  if (unlink(path) != 0) return errno == ENOENT ? 0 : errno;
  return sync_folder_of(path);
}

/* A folder of another user in a folder that all may write, such as /dev/shm, is a trap. */
static bool is_trap(const char *path, bool is_above_open) {
  struct stat st;
  if (!is_above_open || lstat(path, &st) != 0) return false;
  return st.st_uid != geteuid() && st.st_uid != 0;
}

int disk_make_folders(const char *path, mode_t mode) {
  char part[PATH_MAX];
  struct stat st;
  bool is_above_open = false;
  size_t bytes = strlen(path);
  if (bytes == 0) return ENOENT;
  if (bytes >= sizeof part) return ENAMETOOLONG;
  for (size_t end = 1; end <= bytes; end++) {
    if (path[end] != '/' && path[end] != 0) continue;
    memcpy(part, path, end);
    part[end] = 0;
    bool is_new = mkdir(part, mode) == 0;
    if (!is_new && errno != EEXIST) return errno;
    if (is_trap(part, is_above_open)) return EPERM;
    if (stat(part, &st) != 0) return errno;
    if (!S_ISDIR(st.st_mode)) return ENOTDIR;
    int error = is_new ? sync_folder_of(part) : 0;
    if (error) return error;
    is_above_open = st.st_mode & S_IWOTH;
  }
  return 0;
}
