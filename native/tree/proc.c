#define _GNU_SOURCE
#include "tree/proc.h"
#include "process/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fields of /proc/PID/stat, counted from 1. */
enum {
  FIELD_STATE = 3,
  FIELD_PARENT = 4,
  FIELD_GROUP = 5,
  FIELD_FLAGS = 9,
  FIELD_CPU_FIRST = 14, /* user and system time, own and of children */
  FIELD_CPU_LAST = 17,
  FIELD_START = 22,
  FIELD_MEMORY = 24,
  FIELD_MARK = 25, /* the soft RLIMIT_RSS */
};

enum { PF_FORKNOEXEC = 0x40 }; /* from the kernel's sched.h */

/* /proc of another PID namespace would show other processes. */
bool proc_usable(void) {
  char target[24];
  ssize_t n = readlink("/proc/self", target, sizeof target - 1);
  if (n <= 0) return false;
  target[n] = 0;
  return atoi(target) == getpid();
}

/* The beginning of a small file of a process, NUL-terminated. */
static bool read_start(pid_t pid, const char *name, char *text, size_t room) {
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, room - 1);
  close(fd);
  if (n <= 0) return false;
  text[n] = 0;
  return true;
}

int64_t proc_exact_kib(pid_t pid) {
  char text[256];
  if (!read_start(pid, "smaps_rollup", text, sizeof text)) return -1;
  const char *line = strstr(text, "\nRss:");
  return line ? strtoll(line + 5, NULL, 10) : -1;
}

bool proc_stat(pid_t pid, struct proc_stat *stat) {
  char text[1024];
  if (!read_start(pid, "stat", text, sizeof text)) return false;
  /* The command's name may contain parentheses: the last one ends it. */
  const char *at = strrchr(text, ')');
  if (!at) return false;
  at += 2;
  stat->pid = pid;
  stat->state = *at;
  stat->cpu_ticks = 0;
  for (int field = FIELD_STATE + 1; field <= FIELD_MARK; field++) {
    at = strchr(at, ' ');
    if (!at) return false;
    at++;
    if (field == FIELD_PARENT) stat->parent = (pid_t)atoi(at);
    if (field == FIELD_GROUP) stat->group = (pid_t)atoi(at);
    if (field == FIELD_FLAGS) stat->has_executed = !(strtoul(at, NULL, 10) & PF_FORKNOEXEC);
    if (field >= FIELD_CPU_FIRST && field <= FIELD_CPU_LAST)
      stat->cpu_ticks += strtoull(at, NULL, 10);
    if (field == FIELD_START) stat->start = strtoull(at, NULL, 10);
    if (field == FIELD_MEMORY) stat->memory_pages = strtoull(at, NULL, 10);
    if (field == FIELD_MARK) stat->mark = strtoull(at, NULL, 10);
  }
  return true;
}

void proc_each(bool (*visit)(const struct proc_stat *stat, void *context), void *context) {
  DIR *directory = opendir("/proc");
  if (!directory) return;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    struct proc_stat stat;
    if (proc_stat((pid_t)atoi(entry->d_name), &stat) && !visit(&stat, context)) break;
  }
  closedir(directory);
}

/* Parses pids that are each followed by a blank. Safe in a signal handler. */
static void each_child_in(int fd, void (*visit)(pid_t child, void *context), void *context) {
  char text[4096];
  pid_t child = 0;
  off_t at = 0;
  /* The kernel stops at the last number that fits: a read of less than half is the last. */
  for (ssize_t n = sizeof text; n > (ssize_t)sizeof text / 2; at += n) {
    n = pread(fd, text, sizeof text, at);
    for (ssize_t i = 0; i < n; i++) {
      if (text[i] == ' ') {
        visit(child, context);
        child = 0;
      } else {
        child = child * 10 + (text[i] - '0');
      }
    }
  }
}

static int open_children(pid_t pid, pid_t thread) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)thread);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static bool each_child_of(pid_t pid, pid_t thread, void (*visit)(pid_t child, void *context),
                          void *context) {
  int fd = open_children(pid, thread);
  if (fd < 0) return false;
  each_child_in(fd, visit, context);
  close(fd);
  return true;
}

/* Kept open, because it is needed at each end of a process, even if no descriptor is left. We have
 * one thread. */
static int own_children_fd = -1;

void proc_init(void) { own_children_fd = fd_moved_up(open_children(getpid(), getpid())); }

bool proc_each_own_child(void (*visit)(pid_t child, void *context), void *context) {
  if (own_children_fd < 0) return false;
  each_child_in(own_children_fd, visit, context);
  return true;
}

bool proc_each_child(pid_t pid, void (*visit)(pid_t child, void *context), void *context) {
  char path[32];
  struct stat task;
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  if (stat(path, &task) != 0) return false;
  /* A folder has two links more than subfolders. */
  if (task.st_nlink <= 3) return each_child_of(pid, pid, visit, context);
  DIR *threads = opendir(path);
  if (!threads) return false;
  for (struct dirent *entry; (entry = readdir(threads));)
    if (entry->d_name[0] != '.') each_child_of(pid, (pid_t)atoi(entry->d_name), visit, context);
  closedir(threads);
  return true;
}
