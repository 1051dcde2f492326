/* Our control group: how often the kernel killed somebody in it for memory. */
#define _GNU_SOURCE
#include "file.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_BYTES_MAX = 16 * 1024, COUNTS_BYTES_MAX = 4096, PATH_BYTES = 4096 };

static const char *const root = "/sys/fs/cgroup";

/* The counter in a file of "name number" lines; -1 when there is none. */
static int64_t count_in(const char *path) {
  static const char name[] = "oom_kill ";
  size_t bytes;
  const char *error;
  char *text = file_read(path, COUNTS_BYTES_MAX, &bytes, &error);
  int64_t count = -1;
  for (char *line = text; line && count < 0;) {
    if (strncmp(line, name, sizeof name - 1) == 0) count = atoll(line + sizeof name - 1);
    line = strchr(line, '\n');
    if (line) line++;
  }
  free(text);
  return count;
}

/* The line's group, which is up to its end, if it is that of the memory controller: in version 2
 * "0::/path", in version 1 "7:cpu,memory:/path". */
static const char *memory_group(const char *line, bool *is_v2) {
  const char *controllers = strchr(line, ':');
  const char *path = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!path) return NULL;
  *is_v2 = path == controllers + 1 && line[0] == '0';
  if (*is_v2) return path + 1;
  for (const char *at = controllers + 1; at < path;) {
    size_t length = strcspn(at, ",:");
    if (length == 6 && strncmp(at, "memory", 6) == 0) return path + 1;
    at += length + 1;
  }
  return NULL;
}

static int64_t count_of(bool is_v2, const char *group) {
  char path[PATH_BYTES];
  int bytes = snprintf(path, sizeof path, "%s%s%s/%s", root, is_v2 ? "" : "/memory", group,
                       is_v2 ? "memory.events" : "memory.oom_control");
  return bytes < (int)sizeof path ? count_in(path) : -1;
}

/* A container often sees its own group as the root of /sys/fs/cgroup, and /proc names it as the
 * machine does, or not at all: then the root's is ours. */
int64_t cgroup_oom_kills(void) {
  size_t bytes;
  const char *error;
  char *groups = file_read("/proc/self/cgroup", GROUPS_BYTES_MAX, &bytes, &error);
  int64_t count = -1;
  for (char *line = groups, *next; line && *line && count < 0; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    bool is_v2;
    const char *group = memory_group(line, &is_v2);
    if (group) count = count_of(is_v2, strcmp(group, "/") == 0 ? "" : group);
  }
  free(groups);
  if (count < 0) count = count_of(true, "");
  return count < 0 ? count_of(false, "") : count;
}
