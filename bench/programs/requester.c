/* Sends requests to a supervisor and measures them. In C, so that the client adds little to the
 * times.
 *
 *   requester times COUNT COMMAND [ARG ...]   runs the command COUNT times, one after the other
 *   requester request SOCKET COUNT LINE       sends the line and waits for its answer, COUNT times
 *   requester wait SOCKET COUNT LINE          opens COUNT connections that each send the line and
 * wait requester follow SOCKET LINE              sends the line and discards the answer requester
 * signal PID NUMBER               sends a signal, the minimum that a tool can do
 *
 * The first two print the duration of each as a JSON list of nanoseconds. `wait` and `follow` print
 * "[]" once the supervisor has read their lines, and stay until the end of stdin. The server sends
 * the first line of a connection. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COUNT_MAX = 100000, ROOM_BYTES = 1 << 20 };

static char room[ROOM_BYTES];

static _Noreturn void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Reads up to a newline. */
static void read_line(int fd) {
  for (;;) {
    ssize_t n = read(fd, room, sizeof room);
    if (n <= 0) fail("requester: the connection was closed");
    if (room[n - 1] == '\n') return;
  }
}

/* Reads up to the end of the answer to request 1, which may be preceded by the items of a stream.
 */
static void read_answer(int fd) {
  static const char item[] = "{\"id\":1,\"item\"";
  char head[sizeof item - 1]; /* of the current line */
  size_t known = 0;
  for (;;) {
    ssize_t n = read(fd, room, sizeof room);
    if (n <= 0) fail("requester: the connection was closed");
    for (char *at = room, *stop = room + n; at < stop;) {
      char *newline = memchr(at, '\n', (size_t)(stop - at));
      size_t length = (size_t)((newline ? newline : stop) - at);
      size_t more = length < sizeof head - known ? length : sizeof head - known;
      memcpy(head + known, at, more);
      known += more;
      if (!newline) break;
      if (known < sizeof head || memcmp(head, item, sizeof head) != 0) return;
      known = 0;
      at = newline + 1;
    }
  }
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    fail("requester: cannot connect");
  read_line(fd);
  return fd;
}

static void send_line(int fd, const char *line) {
  size_t bytes = strlen(line);
  memcpy(room, line, bytes);
  room[bytes] = '\n';
  if (write(fd, room, bytes + 1) != (ssize_t)bytes + 1) fail("requester: cannot send");
}

static void run_once(char **command) {
  pid_t pid = vfork();
  if (pid == 0) {
    int null_fd = open("/dev/null", O_WRONLY);
    dup2(null_fd, 1);
    execvp(command[0], command);
    _exit(127);
  }
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
    fail("requester: the command has failed");
}

static void measure(int count, char **command, int fd, const char *line) {
  for (int i = 0; i < count; i++) {
    long long since_ns = now_ns();
    if (command) {
      run_once(command);
    } else {
      send_line(fd, line);
      read_answer(fd);
    }
    printf("%s%lld", i ? "," : "[", now_ns() - since_ns);
  }
  printf("]\n");
}

/* A second request, which is answered at once, shows that the supervisor has read the first one. */
static void wait_forever(const char *path, int count, const char *line) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (int i = 0; i < count; i++) {
    int fd = connect_to(path);
    send_line(fd, line);
    send_line(fd, "{\"id\":999,\"verb\":\"cancel\",\"args\":{\"request\":998}}");
    read_line(fd);
  }
}

/* Discards input until the end of stdin. */
static void discard(int fd) {
  struct pollfd sources[] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  for (;;) {
    if (poll(sources, fd < 0 ? 1 : 2, -1) < 0) fail("requester: cannot wait");
    if (sources[0].revents && read(0, room, sizeof room) <= 0) return;
    if (sources[1].revents && read(fd, room, sizeof room) <= 0) sources[1].fd = fd = -1;
  }
}

int main(int argc, char **argv) {
  const char *order = argc > 3 ? argv[1] : "";
  int count = argc > 3 ? atoi(argv[strcmp(order, "times") == 0 ? 2 : 3]) : 0, fd = -1;
  if (strcmp(order, "signal") == 0) return kill(atoi(argv[2]), atoi(argv[3])) != 0;
  if (strcmp(order, "times") == 0) {
    measure(count, argv + 3, -1, NULL);
    return 0;
  }
  if (strcmp(order, "request") == 0 && argc == 5) {
    measure(count, NULL, connect_to(argv[2]), argv[4]);
    return 0;
  }
  if (strcmp(order, "wait") == 0 && argc == 5) {
    wait_forever(argv[2], count, argv[4]);
  } else if (strcmp(order, "follow") == 0) {
    fd = connect_to(argv[2]);
    send_line(fd, argv[3]);
    read_line(fd);
  } else {
    fprintf(stderr, "usage: requester times|request|wait|follow|signal ...\n");
    return 2;
  }
  printf("[]\n");
  fflush(stdout);
  discard(fd);
  return 0;
}
