/* Work on files that waits for the disk, for helper programs (src/host/disk.ts). Functions that
 * return an int return 0 or errno. None follows a link in the last part of a path, and none waits
 * for a pipe or a device. */
#ifndef PITCREW_FILES_DISK_H
#define PITCREW_FILES_DISK_H

#include "files/sha256.h"

#include <stdint.h>
#include <sys/types.h>

struct hashed {
  char sha256[SHA256_DIGITS + 1];
  uint64_t bytes;
};

/* A regular file, opened without waiting for what else may be there. EINVAL: it is none. */
int disk_open_regular(const char *path, int flags, int *fd);
/* EFBIG: it has more than `max_bytes`. */
int disk_hash(const char *path, uint64_t max_bytes, struct hashed *hashed);
/* A malloc'ed text in *text. */
int disk_read(const char *path, size_t max_bytes, char **text, size_t *bytes);
/* Makes the file `to`; "-" = from stdin. `owner` and `group`: -1 = unchanged. */
int disk_copy(const char *from, const char *to, mode_t mode, uid_t owner, gid_t group,
              uint64_t max_bytes, struct hashed *hashed);
int disk_overwrite(const char *from, const char *to);
int disk_write(const char *path, const char *text, size_t bytes);
int disk_rename(const char *from, const char *to);
int disk_remove(const char *path);
int disk_make_folders(const char *path, mode_t mode);

#endif
