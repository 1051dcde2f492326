/* Users and groups are looked up in the child, between clone and exec: a file that hangs or is very
 * long delays this start only, and each start sees the current files. They are read as a stream,
 * without a limit on the length of a file or line. (The functions of a static libc would load
 * shared libraries.) */
#define _GNU_SOURCE
#include "process/identity.h"
#include "process/raw.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define ID_UNCHANGED 4294967295 /* (uid_t)-1, which is no user */

static const char users_file[] = "/etc/passwd", groups_file[] = "/etc/group";

/* A file of lines with fields separated by colons. */
struct table {
  int fd;
  int error;
  long at, end;
  int last; /* what ended the last field: ':', '\n', or 0 at the end of the file */
  unsigned char buffer[8192];
};

/* A missing file has no lines. */
static bool table_open(struct table *table, const char *path) {
  long fd = RAW(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  table->fd = (int)fd;
  table->error = fd < 0 && fd != -ENOENT ? (int)-fd : 0;
  table->at = table->end = 0;
  table->last = '\n';
  return fd >= 0;
}

static int table_close(const struct table *table) {
  if (table->fd >= 0) RAW(SYS_close, table->fd);
  return table->error;
}

/* 0 at the end of the file and after a read error. */
static int next_char(struct table *table) {
  if (table->at == table->end) {
    long n;
    do n = RAW(SYS_read, table->fd, table->buffer, sizeof table->buffer);
    while (n == -EINTR);
    if (n < 0) table->error = (int)-n;
    if (n <= 0) return 0;
    table->at = 0;
    table->end = n;
  }
  return table->buffer[table->at++];
}

/* The next field of the line; '' after its end. `also` is a second separator, for lists within a
 * field. False: the field is too long or missing. */
static bool next_field(struct table *table, char *field, size_t room, int also) {
  size_t length = 0;
  field[0] = 0;
  if (table->last == '\n' || !table->last) return false;
  for (;;) {
    int c = next_char(table);
    if (c == ':' || c == '\n' || !c || c == also) {
      table->last = c;
      field[length < room ? length : room - 1] = 0;
      return length < room;
    }
    if (length < room) field[length] = (char)c;
    length++;
  }
}

/* False at the end of the file. */
static bool next_line(struct table *table) {
  int c = next_char(table);
  if (!c) return false;
  table->at--;
  table->last = ':';
  return true;
}

static void skip_field(struct table *table) {
  char none[1];
  next_field(table, none, sizeof none, 0);
}

/* Digits only, and not ID_UNCHANGED; otherwise -1. */
static int64_t id_of(const char *text) {
  int64_t id = 0;
  if (!*text) return -1;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return -1;
    id = id * 10 + (*text - '0');
    if (id >= ID_UNCHANGED) return -1;
  }
  return id;
}

static int64_t next_id(struct table *table) {
  char number[16];
  return next_field(table, number, sizeof number, 0) ? id_of(number) : -1;
}

/* ---- /etc/passwd */

/* Reads one line. True if it is the user's: by number if one was given, else by name. */
static bool read_user(struct table *table, struct identity *identity, const char *user,
                      int64_t number) {
  char name[USER_BYTES_MAX];
  char *home = identity->home + strlen("HOME=");
  int fields = 0;
  bool fits = true;
  identity->uid = identity->gid = -1;
  *home = 0;
  while (table->last == ':') {
    switch (fields++) {
      case 0: fits &= next_field(table, name, sizeof name, 0); break;
      case 2: identity->uid = next_id(table); break;
      case 3: identity->gid = next_id(table); break;
      case 5: fits &= next_field(table, home, HOME_BYTES_MAX, 0); break;
      default: skip_field(table);
    }
  }
  if (table->error || *name == '#') return false;
  bool is_cut = !table->last && fields < 7; /* an unfinished write */
  bool is_it = number >= 0 ? identity->uid == number : strcmp(name, user) == 0;
  if (is_cut || (is_it && identity->uid < 0)) table->error = EBADMSG;
  if (is_it && !fits) table->error = ERANGE;
  if (!is_it || table->error) return false;
  stpcpy(stpcpy(identity->user, "USER="), name);
  stpcpy(stpcpy(identity->logname, "LOGNAME="), name);
  memcpy(identity->home, "HOME=", strlen("HOME="));
  if (!*home) stpcpy(home, "/");
  return true;
}

static int find_user(struct identity *identity, const char *user) {
  struct table table;
  int64_t number = id_of(user);
  if (table_open(&table, users_file))
    while (!identity->is_known && !table.error && next_line(&table))
      identity->is_known = read_user(&table, identity, user, number);
  if (!identity->is_known) {
    identity->uid = number;
    identity->gid = -1;
  }
  return table_close(&table);
}

/* ---- /etc/group */

gid_t *identity_groups(struct identity *identity) {
  return identity->many ? identity->many : identity->few;
}

static int map_many(struct identity *identity) {
  const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
  long address = RAW(SYS_mmap, 0, GROUPS_MAX * sizeof(gid_t), protection, flags, -1, 0);
  if (address < 0 && address > -4096) return (int)-address;
  identity->many = (gid_t *)address;
  memcpy(identity->many, identity->few, sizeof identity->few);
  return 0;
}

static int add_group(struct identity *identity, gid_t gid) {
  int why = 0;
  if (identity->group_count == GROUPS_FEW && !identity->many) why = map_many(identity);
  if (identity->group_count == GROUPS_MAX) why = EINVAL; /* the kernel's error for too many */
  if (!why) identity_groups(identity)[identity->group_count++] = gid;
  return why;
}

void identity_release(struct identity *identity) {
  if (identity->many) munmap(identity->many, GROUPS_MAX * sizeof(gid_t));
  identity->many = NULL;
}

struct group_search {
  const char *name;   /* the group to find; NULL = none */
  const char *member; /* the user to collect groups for; NULL = none */
};

static void read_group(struct table *table, struct identity *identity,
                       const struct group_search *search) {
  char name[USER_BYTES_MAX], member[USER_BYTES_MAX];
  int fields = 0;
  int64_t gid = -1;
  bool is_member = false;
  while (table->last == ':') {
    switch (fields++) {
      case 0: next_field(table, name, sizeof name, 0); break;
      case 2: gid = next_id(table); break;
      case 3:
        do {
          bool fits = next_field(table, member, sizeof member, ',');
          is_member |= fits && search->member && strcmp(member, search->member) == 0;
        } while (table->last == ',');
        break;
      default: skip_field(table);
    }
  }
  if (table->error || *name == '#') return;
  bool is_it = search->name && identity->gid < 0 && strcmp(name, search->name) == 0;
  if ((!table->last && fields < 4) || ((is_it || is_member) && gid < 0))
    table->error = EBADMSG;
  else if (is_member)
    table->error = add_group(identity, (gid_t)gid);
  if (is_it) identity->gid = gid;
}

static int read_groups(struct identity *identity, const struct group_search *search) {
  struct table table;
  if (table_open(&table, groups_file))
    while (!table.error && next_line(&table)) {
      read_group(&table, identity, search);
      if (!search->member && identity->gid >= 0) break;
    }
  return table_close(&table);
}

/* ---- both */

const char *identity_find(struct identity *identity, const char *user, const char *group,
                          uid_t own_uid, int *error) {
  identity->uid = identity->gid = -1;
  identity->group_count = -1;
  identity->is_known = false;
  int why = user ? find_user(identity, user) : 0;
  if (why) return *error = why, users_file;
  if (user && identity->uid < 0) return *error = ENOENT, "user";
  /* A process that already is this user may not change anything, and need not. */
  bool is_own = user && identity->uid == own_uid && own_uid != 0;
  int64_t primary = identity->gid;
  identity->gid = group ? id_of(group) : -1;
  struct group_search search = {group && identity->gid < 0 ? group : NULL, NULL};
  /* Keeping our own group would keep root's. */
  if (user && !group && primary < 0) return *error = ENOENT, "primary group";
  if (user && !is_own) {
    if (!group) identity->gid = primary;
    if (identity->is_known) search.member = identity->user + strlen("USER=");
    identity->group_count = 0;
    why = add_group(identity, 0); /* a place for the primary group, which is known at the end */
  }
  if (!why && (search.name || search.member)) why = read_groups(identity, &search);
  if (why) return *error = why, groups_file;
  if (group && identity->gid < 0) return *error = ENOENT, "group";
  if (is_own) identity->uid = -1;
  if (identity->group_count > 0) identity_groups(identity)[0] = (gid_t)identity->gid;
  return NULL;
}
