/* The user and groups of a child, from /etc/passwd and /etc/group. */
#ifndef PITCREW_IDENTITY_H
#define PITCREW_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { USER_BYTES_MAX = 256, HOME_BYTES_MAX = 4096, GROUPS_FEW = 32, GROUPS_MAX = 65536 };

struct identity {
  int64_t uid, gid; /* -1 = ours */
  int group_count;  /* supplementary groups; -1 = unchanged */
  gid_t few[GROUPS_FEW];
  gid_t *many;   /* in place of the few, mapped; NULL = not mapped */
  bool is_known; /* it has a line in /etc/passwd, from which these entries of its environment are */
  char home[HOME_BYTES_MAX + 8], user[USER_BYTES_MAX + 8], logname[USER_BYTES_MAX + 8];
};

/* For a child between clone and exec: raw system calls only, and no memory but this. `user` and
 * `group` are names or numbers, or NULL. Returns NULL, or the step that failed with *error set:
 * the path of a file that cannot be read (EBADMSG: a line that is not complete, ERANGE: a field
 * that is too long), or "user", "group" or "primary group" with ENOENT: not in that file. */
const char *identity_find(struct identity *identity, const char *user, const char *group,
                          uid_t own_uid, int *error);
gid_t *identity_groups(struct identity *identity);
void identity_release(struct identity *identity);

#endif
