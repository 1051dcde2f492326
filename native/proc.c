#define _GNU_SOURCE
#include "proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Field 25 of /proc/PID/stat is the soft RLIMIT_RSS, counted from 1. */
enum { FIELD_MARK = 25 };

/* /proc of another PID namespace would name strangers. */
bool proc_usable(void) {
  char target[24];
  ssize_t n = readlink("/proc/self", target, sizeof target - 1);
  if (n <= 0) return false;
  target[n] = 0;
  return atoi(target) == getpid();
}

bool proc_stat(pid_t pid, struct proc_stat *stat) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return false;
  text[n] = 0;
  /* The command's name may hold anything, also parentheses: the last one ends it. */
  const char *at = strrchr(text, ')');
  if (!at) return false;
  at += 2;
  stat->pid = pid;
  stat->state = *at;
  for (int field = 3; field < FIELD_MARK; field++) {
    at = strchr(at, ' ');
    if (!at) return false;
    at++;
    if (field + 1 == 4) stat->parent = (pid_t)atoi(at);
    if (field + 1 == 5) stat->group = (pid_t)atoi(at);
  }
  stat->mark = strtoull(at, NULL, 10);
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

int64_t proc_count_children(void) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  /* Numbers with a blank behind each. */
  int64_t children = 0;
  for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;)
    for (ssize_t i = 0; i < n; i++) children += text[i] == ' ';
  close(fd);
  return children;
}
