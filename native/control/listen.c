/* The control socket. It is found again through its folder, even if the path changes, and removed
 * at the end if it is still ours. If no descriptor is left for a connection, a reserved one is used
 * for a moment to reject it: otherwise the listener would be readable forever. */
#define _GNU_SOURCE
#include "control/listen.h"
#include "base/clock.h"
#include "control/client.h"
#include "control/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  BACKLOG = 1024, /* when it is full, a non-blocking connect is refused */
  ACCEPTS_A_TURN = 16,
  PAUSE_MS = 100, /* when the kernel has no resources left */
};

static int listener = -1, folder_fd = -1, reserve_fd = -1;
static char socket_name[256], refusal[512];
static size_t refusal_bytes;
static struct stat bound;
static double resume_ms = INFINITY;

/* ---- opening */

/* Opens the folder of a path, and stores the name in it. */
static int open_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  char folder[4096] = ".";
  if (*name == 0 || strlen(name) >= sizeof socket_name) return EINVAL;
  if (slash &&
      snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path) >= (int)sizeof folder)
    return ENAMETOOLONG;
  strcpy(socket_name, name);
  folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return folder_fd < 0 ? errno : 0;
}

/* A path that is too long for an address is reached through its folder. */
static int make_address(const char *path, struct sockaddr_un *address) {
  const size_t room = sizeof address->sun_path;
  address->sun_family = AF_UNIX;
  if (strlen(path) < room) return snprintf(address->sun_path, room, "%s", path), 0;
  int bytes = snprintf(address->sun_path, room, "/proc/self/fd/%d/%s", folder_fd, socket_name);
  if (bytes >= (int)room || access("/proc/self/fd", X_OK) != 0) return ENAMETOOLONG;
  return 0;
}

/* A socket without a listener refuses connections. */
static bool is_stale(const struct sockaddr_un *address) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                 (errno == ECONNREFUSED || errno == ENOENT);
  close(fd);
  return refused;
}

/* Removes a stale socket, and nothing else. */
static int remove_old(const struct sockaddr_un *address) {
  struct stat there;
  if (fstatat(folder_fd, socket_name, &there, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(there.st_mode)) return EEXIST;
  if (!is_stale(address)) return EADDRINUSE;
  return unlinkat(folder_fd, socket_name, 0) == 0 ? 0 : errno;
}

static int bind_to(const struct sockaddr_un *address) {
  mode_t before = umask(0177);
  int error = bind(listener, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
  umask(before);
  return error;
}

static void close_all(void) {
  int *const all[] = {&listener, &folder_fd, &reserve_fd};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (*all[i] >= 0) close(*all[i]);
    *all[i] = -1;
  }
}

static bool watch_listener(void) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  return clients_set() >= 0 && epoll_ctl(clients_set(), EPOLL_CTL_ADD, listener, &event) == 0;
}

static int open_socket(const char *path) {
  struct sockaddr_un address = {0};
  int error = open_folder(path);
  if (!error) error = make_address(path, &address);
  if (!error) error = remove_old(&address);
  if (error) return error;
  reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (reserve_fd < 0 || listener < 0) return errno;
  error = bind_to(&address);
  if (error) return error;
  if (fstatat(folder_fd, socket_name, &bound, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  return listen(listener, BACKLOG) == 0 && watch_listener() ? 0 : errno;
}

int listen_at(const char *path, const char *line, size_t bytes) {
  if (listener >= 0) return EBUSY;
  if (bytes >= sizeof refusal) return EMSGSIZE;
  memcpy(refusal, line, bytes);
  refusal[bytes] = '\n';
  refusal_bytes = bytes + 1;
  int error = open_socket(path);
  if (error) close_all();
  return error;
}

void listen_close(void) {
  if (listener < 0) return;
  struct stat there;
  bool is_ours = fstatat(folder_fd, socket_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                 there.st_dev == bound.st_dev && there.st_ino == bound.st_ino;
  if (is_ours) unlinkat(folder_fd, socket_name, 0);
  epoll_ctl(clients_set(), EPOLL_CTL_DEL, listener, NULL);
  close_all();
  resume_ms = INFINITY;
}

/* ---- accepting */

static void pause_accepting(void) {
  epoll_ctl(clients_set(), EPOLL_CTL_DEL, listener, NULL);
  resume_ms = now_ms() + PAUSE_MS;
}

double listen_resume_ms(void) { return resume_ms; }

void listen_resume(void) { resume_ms = watch_listener() ? INFINITY : now_ms() + PAUSE_MS; }

static void reject(int fd) {
  send(fd, refusal, refusal_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
  close(fd);
}

/* Uses the reserved descriptor. */
static bool reject_next(void) {
  if (reserve_fd >= 0) close(reserve_fd);
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) reject(fd);
  reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return fd >= 0;
}

static void accept_client(int fd) {
  struct peer peer;
  if (!peer_of(fd, &peer)) {
    close(fd);
    return;
  }
  struct client *client =
      clients_have_room(peer.origin.kin) ? client_new(fd, BY_SOCKET, NULL) : NULL;
  if (!client) return reject(fd);
  if (peer.origin.kin) client_set_from_run(client);
  client_report(client, &peer);
}

void listen_ready(void) {
  for (int i = 0; i < ACCEPTS_A_TURN && listener >= 0; i++) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
      accept_client(fd);
    } else if (errno == EMFILE || errno == ENFILE) {
      if (reject_next()) continue;
      pause_accepting();
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      if (errno != EAGAIN) pause_accepting();
      return;
    }
  }
}
