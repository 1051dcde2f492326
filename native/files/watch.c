/* Watches files by their content.
 *
 * A path is followed part by part. Each folder on the way is watched (inotify) for the next name,
 * before that name is looked up, so nothing is missed: a file or link that is replaced, removed,
 * created, or the folder of a link. The file itself is watched for writes. Every two seconds all
 * paths are followed again, for what inotify does not report: mounts, and disks of other machines.
 * Then a file is read again only if its state is not that of the last time. */
#define _GNU_SOURCE
#include "files/watch.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/fnv.h"
#include "files/disk.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  FILE_BYTES_MAX = 8 * 1024 * 1024,
  LINKS_MAX = 40,
  HOOKS_MAX = 64, /* of a path; what is beyond is found by the sweep */
  SWEEP_MS = 2000,
  CHECK_MS = 50,   /* between two checks of a path, */
  CHECK_SHARE = 4, /* and this many times as long as a check takes */
  REST_MS = 5,     /* changes that come meanwhile are read at once, */
  READS_MAX = 16,  /* in so many reads */
  SETTLED_MS = 2000, /* a change that is younger may have the same time as the next one */
};

/* A path depends on a name in a watched folder, or (0) on a watched file or folder itself. */
struct hook {
  int wd;
  uint32_t name; /* a hash: another name with the same one costs a check */
};

struct watched {
  const char *path;
  struct hook hooks[HOOKS_MAX];
  size_t hook_count;
  struct stat state; /* of the file when its content was read */
  bool is_settled;   /* the same state means the same content */
  bool is_reported, is_due;
  double next_ms; /* not checked before */
  struct watch_record record;
};

static struct watched all[WATCHED_MAX];
static size_t count;
static int inotify = -1;

static uint32_t hash_of(const char *name, size_t bytes) {
  uint32_t hash = (uint32_t)fnv1a(FNV_BASIS, name, bytes);
  return hash ? hash : 1;
}

/* ---- watches: one for each file and folder, shared by all paths that need it */

static void add_hook(struct watched *watched, const char *path, uint32_t events, uint32_t name) {
  if (inotify < 0 || watched->hook_count == HOOKS_MAX) return;
  int wd = inotify_add_watch(inotify, path, events | IN_DONT_FOLLOW);
  if (wd >= 0) watched->hooks[watched->hook_count++] = (struct hook){wd, name};
}

static void watch_folder(struct watched *watched, const char *path, uint32_t name) {
  add_hook(watched, path,
           IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |
               IN_MOVE_SELF | IN_ONLYDIR,
           name);
}

static void watch_file(struct watched *watched, const char *path) {
  add_hook(watched, path, IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
           0);
}

static bool is_used(int wd) {
  for (size_t i = 0; i < count; i++)
    for (size_t h = 0; h < all[i].hook_count; h++)
      if (all[i].hooks[h].wd == wd) return true;
  return false;
}

static void remove_unused(const struct hook *hooks, size_t hook_count) {
  for (size_t h = 0; h < hook_count; h++)
    if (!is_used(hooks[h].wd)) inotify_rm_watch(inotify, hooks[h].wd);
}

/* ---- following a path */

/* Where a walk is: the real path so far, without a slash at its end ("" = the root), and what is
 * left of the way. */
struct walk {
  char at[PATH_MAX], rest[PATH_MAX];
  int links;
  double changed_ms;
};

static void note_change(struct walk *walk, const struct stat *st) {
  double ms = (double)st->st_ctim.tv_sec * 1e3 + (double)(st->st_ctim.tv_nsec / 1000000);
  walk->changed_ms = fmax(walk->changed_ms, ms);
}

/* A link replaces the part that it stands for. */
static int follow_link(struct walk *walk, const char *link) {
  char target[PATH_MAX];
  if (++walk->links > LINKS_MAX) return ELOOP;
  ssize_t bytes = readlink(link, target, sizeof target - 1);
  if (bytes < 0) return errno;
  target[bytes] = 0;
  size_t rest_bytes = strlen(walk->rest);
  if ((size_t)bytes + 1 + rest_bytes >= sizeof walk->rest) return ENAMETOOLONG;
  memmove(walk->rest + bytes + 1, walk->rest, rest_bytes + 1);
  memcpy(walk->rest, target, (size_t)bytes);
  walk->rest[bytes] = '/';
  if (target[0] == '/') walk->at[0] = 0;
  return 0;
}

static void go_up(struct walk *walk) {
  char *slash = strrchr(walk->at, '/');
  if (slash) *slash = 0;
}

static bool is_dots(const char *name, size_t bytes, size_t dots) {
  return bytes == dots && memcmp(name, "..", dots) == 0;
}

/* Takes the next part of the way. */
static int step(struct watched *watched, struct walk *walk, struct stat *st) {
  size_t begin = strspn(walk->rest, "/"), bytes = strcspn(walk->rest + begin, "/");
  char name[PATH_MAX], next[PATH_MAX];
  memcpy(name, walk->rest + begin, bytes);
  name[bytes] = 0;
  memmove(walk->rest, walk->rest + begin + bytes, strlen(walk->rest + begin + bytes) + 1);
  if (bytes == 0 || is_dots(name, bytes, 1)) return 0;
  if (is_dots(name, bytes, 2)) {
    go_up(walk);
    return 0;
  }
  if (snprintf(next, sizeof next, "%s/%s", walk->at, name) >= (int)sizeof next)
    return ENAMETOOLONG;
  watch_folder(watched, *walk->at ? walk->at : "/", hash_of(name, bytes));
  if (lstat(next, st) != 0) return errno;
  if (S_ISLNK(st->st_mode)) {
    note_change(walk, st);
    return follow_link(walk, next);
  }
  memcpy(walk->at, next, strlen(next) + 1);
  return 0;
}

/* The way to the file, and its state. 0 or errno. */
static int follow(struct watched *watched, struct walk *walk, struct stat *st) {
  *st = (struct stat){.st_mode = S_IFDIR};
  walk->links = 0;
  walk->changed_ms = 0;
  walk->at[0] = 0;
  if (strlen(watched->path) >= sizeof walk->rest) return ENAMETOOLONG;
  memcpy(walk->rest, watched->path, strlen(watched->path) + 1);
  while (*walk->rest) {
    int error = step(watched, walk, st);
    if (error) return error;
  }
  if (!S_ISREG(st->st_mode)) return EINVAL;
  watch_file(watched, walk->at);
  /* Again, because it may have changed before it was watched. */
  if (lstat(walk->at, st) != 0) return errno;
  note_change(walk, st);
  return S_ISREG(st->st_mode) ? 0 : EINVAL;
}

/* ---- checks */

static bool is_same_time(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_known(const struct watched *watched, const struct stat *st) {
  const struct stat *known = &watched->state;
  return watched->is_settled && known->st_dev == st->st_dev && known->st_ino == st->st_ino &&
         known->st_size == st->st_size && is_same_time(known->st_mtim, st->st_mtim) &&
         is_same_time(known->st_ctim, st->st_ctim);
}

static void report(struct watched *watched, const struct watch_record *record) {
  const struct watch_record *last = &watched->record;
  bool is_same = watched->is_reported && last->error == record->error &&
                 strcmp(last->sha256, record->sha256) == 0;
  watched->record = *record;
  watched->is_reported = true;
  if (!is_same && file_write_to(1, (const char *)record, sizeof *record) != 0) _exit(EPIPE);
}

static void check(struct watched *watched) {
  static struct walk walk;
  struct hook before[HOOKS_MAX];
  struct stat st;
  struct watch_record record = {.path = (uint32_t)(watched - all)};
  size_t count_before = watched->hook_count;
  memcpy(before, watched->hooks, sizeof before);
  watched->hook_count = 0;
  double wall = (double)wall_ms();
  int error = follow(watched, &walk, &st);
  remove_unused(before, count_before);
  if (!error && is_known(watched, &st)) return;
  struct hashed hashed = {0};
  if (!error) error = disk_hash(walk.at, FILE_BYTES_MAX, &hashed);
  watched->state = st;
  watched->is_settled = !error && wall - walk.changed_ms > SETTLED_MS;
  record.error = error;
  record.bytes = error ? 0 : hashed.bytes;
  record.changed_ms = walk.changed_ms;
  if (!error) memcpy(record.sha256, hashed.sha256, sizeof record.sha256);
  report(watched, &record);
}

static void check_due(void) {
  for (size_t i = 0; i < count; i++) {
    double begin = now_ms();
    if (!all[i].is_due || begin < all[i].next_ms) continue;
    all[i].is_due = false;
    check(&all[i]);
    double end = now_ms();
    all[i].next_ms = end + fmax(CHECK_MS, (end - begin) * CHECK_SHARE);
  }
}

/* ---- events */

static void set_all_due(void) {
  for (size_t i = 0; i < count; i++) all[i].is_due = true;
}

/* An event without a name is of the watched file or folder itself. */
static void handle_event(const struct inotify_event *event) {
  if (event->mask & IN_Q_OVERFLOW) return set_all_due();
  uint32_t name = event->len > 0 ? hash_of(event->name, strlen(event->name)) : 0;
  for (size_t i = 0; i < count; i++)
    for (size_t h = 0; h < all[i].hook_count; h++) {
      const struct hook *hook = &all[i].hooks[h];
      if (hook->wd == event->wd && (name == 0 || hook->name == name)) all[i].is_due = true;
    }
}

static void read_events(void) {
  static char buffer[64 * 1024] __attribute__((aligned(8)));
  for (int reads = 0; reads < READS_MAX; reads++) {
    ssize_t bytes = read(inotify, buffer, sizeof buffer);
    if (bytes <= 0) return;
    for (char *at = buffer; at < buffer + bytes;) {
      const struct inotify_event *event = (const struct inotify_event *)at;
      handle_event(event);
      at += sizeof *event + event->len;
    }
  }
}

/* Until the next check or sweep; without a deadline in the past, poll returns for events. */
static int wait_ms(double sweep_ms) {
  double until = sweep_ms;
  for (size_t i = 0; i < count; i++)
    if (all[i].is_due) until = fmin(until, all[i].next_ms);
  return (int)fmax(0, ceil(until - now_ms()));
}

void watch_main(char **paths) {
  while (count < WATCHED_MAX && paths[count]) {
    all[count].path = paths[count];
    count++;
  }
  /* Without it (EMFILE, seccomp) there is still the sweep. */
  inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  for (double sweep_ms = 0;;) {
    if (now_ms() >= sweep_ms) {
      set_all_due();
      sweep_ms = now_ms() + SWEEP_MS;
    }
    check_due();
    struct pollfd fds[] = {{.fd = 1}, {.fd = inotify, .events = POLLIN}};
    if (poll(fds, 2, wait_ms(sweep_ms)) <= 0) continue;
    if (fds[0].revents) _exit(0);
    read_events();
    check_due();
    nanosleep(&(struct timespec){.tv_nsec = REST_MS * 1000000}, NULL);
  }
}
