#define _GNU_SOURCE
#include "health/notify.h"
#include "process/environ.h"
#include "tree/runs.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char variable[] = "NOTIFY_SOCKET=";

/* "NOTIFY_SOCKET=@pitcrew-" and 128 random bits. */
static bool make_name(char *entry, size_t room) {
  uint64_t chance[2];
  if (syscall(SYS_getrandom, chance, sizeof chance, 0) != sizeof chance) return false;
  snprintf(entry, room, "%s@pitcrew-%016llx%016llx", variable, (unsigned long long)chance[0],
           (unsigned long long)chance[1]);
  return true;
}

static bool bind_name(int fd, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t bytes = strlen(name);
  memcpy(address.sun_path + 1, name + 1, bytes - 1); /* A NUL replaces the @. */
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
  return bind(fd, (struct sockaddr *)&address, length) == 0;
}

int notify_open(struct arena *arena, char **envp) {
  enum { ENTRY_BYTES = 64 };
  int on = 1;
  char *entry = arena_take(arena, ENTRY_BYTES);
  int fd = entry ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
  if (fd < 0) return -1;
  if (!make_name(entry, ENTRY_BYTES) || !bind_name(fd, entry + sizeof variable - 1) ||
      setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  environment_put(envp, entry);
  return fd;
}

const char *const notify_names[NOTIFY_FIELDS] = {
    "READY", "STATUS", "RELOADING", "STOPPING", "WATCHDOG", "EXTEND_TIMEOUT_USEC", "MAINPID"};

static bool take_line(const char *line, size_t bytes, struct notify_field *fields) {
  for (int i = 0; i < NOTIFY_FIELDS; i++) {
    size_t length = strlen(notify_names[i]);
    if (bytes <= length || line[length] != '=' || memcmp(line, notify_names[i], length) != 0)
      continue;
    fields[i] = (struct notify_field){line + length + 1, bytes - length - 1};
    return true;
  }
  return false;
}

bool notify_read(struct run *run, const char *text, size_t bytes, struct notify_field *fields) {
  /* As in systemd: a NUL is allowed at the end only. */
  if (bytes > 0 && text[bytes - 1] == 0) bytes--;
  if (bytes == 0 || memchr(text, 0, bytes)) return false;
  memset(fields, 0, NOTIFY_FIELDS * sizeof *fields);
  bool any = false;
  const char *end = text + bytes;
  for (const char *at = text; at < end;) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *line_end = newline ? newline : end;
    any |= take_line(at, (size_t)(line_end - at), fields);
    at = line_end + 1;
  }
  const struct notify_field *ready = &fields[NOTIFY_READY];
  if (run->ready_by_notify && ready->bytes == 1 && *ready->value == '1') run->ready = true;
  return any;
}
