/* The counter of kills for memory in our control group, and when it grew. */
#define _GNU_SOURCE
#include "tree/cgroup.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/events.h"
#include "loop/loop.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { GROUPS_BYTES_MAX = 16 * 1024, COUNTS_BYTES_MAX = 4096, PATH_BYTES = 4096 };
/* cgroup v1 reports a kill before it counts it, and a killed process takes a moment to end. A group
 * at its limit reports changes all the time. */
enum { SETTLE_MS = 500 };

static int counter_fd = -1;
static int change_fd =
    -1; /* reports to epoll when the counter may have grown; -1 = no such descriptor */
static bool is_v2;
static int64_t latest, reported; /* as read last; as given to the policy last */
static double read_ms = INFINITY;

/* The counter in a text of "name number" lines; -1 if it is missing. */
static int64_t count(void) {
  static const char name[] = "oom_kill ";
  char text[COUNTS_BYTES_MAX];
  ssize_t bytes = counter_fd < 0 ? -1 : pread(counter_fd, text, sizeof text - 1, 0);
  if (bytes < 0) return -1;
  text[bytes] = 0;
  for (char *line = text; line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, name, sizeof name - 1) == 0) return atoll(line + sizeof name - 1);
  }
  return -1;
}

/* The group in a line of /proc/self/cgroup, if it is that of the memory controller. Version 2:
 * "0::/path", version 1: "7:cpu,memory:/path". */
static const char *memory_group(const char *line) {
  const char *controllers = strchr(line, ':');
  const char *path = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!path) return NULL;
  is_v2 = path == controllers + 1 && line[0] == '0';
  if (is_v2) return path + 1;
  for (const char *at = controllers + 1; at < path;) {
    size_t length = strcspn(at, ",:");
    if (length == 6 && strncmp(at, "memory", 6) == 0) return path + 1;
    at += length + 1;
  }
  return NULL;
}

static int open_in(const char *group, const char *name, int flags) {
  char path[PATH_BYTES];
  int bytes =
      snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/%s", is_v2 ? "" : "/memory", group, name);
  return bytes < (int)sizeof path ? open(path, flags | O_CLOEXEC) : -1;
}

/* Version 1 reports changes through an eventfd that is registered in a file, which a container
 * often may not write. */
static int register_eventfd(const char *group) {
  int control = open_in(group, "cgroup.event_control", O_WRONLY);
  if (control < 0) return -1;
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  char text[32];
  int bytes = snprintf(text, sizeof text, "%d %d", fd, counter_fd);
  if (fd >= 0 && write(control, text, (size_t)bytes) != bytes) {
    close(fd);
    fd = -1;
  }
  close(control);
  return fd;
}

static struct watch watch = {WATCH_MEMORY};

static uint32_t change_events(void) { return is_v2 ? EPOLLPRI : EPOLLIN; }

static bool open_group(const char *group) {
  counter_fd = open_in(group, is_v2 ? "memory.events" : "memory.oom_control", O_RDONLY);
  latest = reported = count();
  if (reported >= 0) {
    change_fd = is_v2 ? counter_fd : register_eventfd(group);
    if (change_fd >= 0 && !loop_watch(change_fd, change_events(), &watch)) change_fd = -1;
    return true;
  }
  if (counter_fd >= 0) close(counter_fd);
  counter_fd = -1;
  return false;
}

/* A container often sees its own group as the root of /sys/fs/cgroup while /proc shows the host's
 * path, or none: then the root is our group. */
static void open_counter(void) {
  size_t bytes;
  const char *error;
  char *groups = file_read("/proc/self/cgroup", GROUPS_BYTES_MAX, &bytes, &error);
  bool is_open = false;
  for (char *line = groups, *next; line && *line && !is_open; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    const char *group = memory_group(line);
    is_open = group && open_group(strcmp(group, "/") == 0 ? "" : group);
  }
  free(groups);
  for (int version = 2; version > 0 && !is_open; version--) {
    is_v2 = version == 2;
    is_open = open_group("");
  }
}

int64_t cgroup_oom_kills(bool *watched) {
  bool was_open = counter_fd >= 0;
  if (!was_open) open_counter();
  *watched = change_fd >= 0;
  return was_open ? count() : reported;
}

double cgroup_wake_ms(void) { return read_ms; }

void cgroup_changed(void) {
  loop_unwatch(change_fd);
  read_ms = now_ms() + SETTLE_MS;
}

/* A new count is reported at the next read: by then the leader that was killed is reaped. */
void cgroup_turn(void) {
  if (isinf(read_ms) || now_ms() < read_ms) return;
  uint64_t times;
  if (!is_v2 &&
      read(change_fd, &times, sizeof times) < 0) { /* Nothing to read at the second read. */
  }
  bool is_new = latest != reported;
  reported = latest;
  latest = count();
  read_ms = latest == reported ? INFINITY : now_ms() + SETTLE_MS;
  if (isinf(read_ms)) loop_watch_with_retry(change_fd, change_events(), &watch);
  if (is_new && reported >= 0 && !loop_is_finishing()) event_oom_kills(reported);
}
