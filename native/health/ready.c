/* Reports of a run about itself: a newline on a pipe, or sd_notify messages on a socket. Each run
 * has its own. (Requests through its PITCREW_FD are a client's: client.h.)
 *
 * The socket has an abstract name, which works for any user and on a read-only root. The name
 * proves nothing, because /proc/net/unix shows it to the whole network namespace: the kernel
 * identifies the sender of a message, and origin.c the run that it belongs to. A sender that has
 * ended cannot be looked up, and is accepted if its user is that of the run. */
#define _GNU_SOURCE
#include "health/ready.h"
#include "control/client.h"
#include "control/client_input.h"
#include "engine/events.h"
#include "health/notify.h"
#include "loop/loop.h"
#include "tree/origin.h"
#include "tree/runs.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  MESSAGE_BYTES_MAX = 4096,
  MESSAGES_A_TURN = 64,      /* for all runs, shared evenly */
  MESSAGES_AT_THE_END = 512, /* the longest queue that systems configure */
};

/* ---- opening */

bool channel_add(struct channel *channel, int fd) {
  channel->fd = fd;
  return fd < 0 || loop_watch(fd, EPOLLIN, &channel->watch);
}

/* ---- closing */

static void channel_close(struct channel *channel) {
  if (channel->fd < 0) return;
  loop_unwatch(channel->fd);
  close(channel->fd);
  channel->fd = -1;
}

void channels_close(struct run *run) {
  channel_close(&run->ready_pipe);
  channel_close(&run->notify_socket);
  client_run_over(run);
}

/* ---- reading: each function reads one piece and returns whether there may be more */

void run_report_ready(struct run *run) {
  if (run->ready) return;
  run->ready = true;
  event_ready(run);
}

static bool read_pipe(struct run *run) {
  char text[512];
  ssize_t n = read(run->ready_pipe.fd, text, sizeof text);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
  bool is_ready = n > 0 && memchr(text, '\n', (size_t)n);
  if (n <= 0 || is_ready) channel_close(&run->ready_pipe);
  if (is_ready) run_report_ready(run);
  return n > 0 && !is_ready;
}

/* Any process can set a mark: a sender with nothing else must also have the user of the run. So
 * must one that has ended. Pid 0: outside of our PID namespace. */
static bool is_from_run(const struct run *run, const struct ucred *sender) {
  if (sender->pid <= 0) return false;
  bool is_its_user = sender->uid == run->uid || sender->uid == 0;
  struct origin origin;
  if (!origin_of(sender->pid, &origin))
    return is_its_user && kill(sender->pid, 0) != 0 && errno == ESRCH;
  return origin.run == run && (origin.kin == ORIGIN_RUN || is_its_user);
}

static void report_message(struct run *run, const char *text, size_t bytes) {
  struct notify_field fields[NOTIFY_FIELDS];
  if (notify_read(run, text, bytes, fields)) event_notify(run, fields);
}

/* The control buffer has room for the sender's credentials only, so the kernel closes descriptors
 * that come with a message. */
static bool read_message(struct run *run) {
  static char text[MESSAGE_BYTES_MAX];
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(struct ucred))];
  } control;
  struct iovec piece = {text, sizeof text};
  struct msghdr message = {.msg_iov = &piece,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t n = recvmsg(run->notify_socket.fd, &message, 0);
  if (n < 0) return errno == EINTR;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  struct ucred sender = {0};
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
  if (!(message.msg_flags & MSG_TRUNC) && is_from_run(run, &sender))
    report_message(run, text, (size_t)n);
  return true;
}

static void read_channel(struct channel *channel, int times) {
  bool more = true;
  while (channel->fd >= 0 && more && times-- > 0)
    more =
        channel->watch.kind == WATCH_READY ? read_pipe(channel->run) : read_message(channel->run);
}

void channel_read(struct channel *channel, int ready_count) {
  int share = MESSAGES_A_TURN / ready_count;
  read_channel(channel, share > 0 ? share : 1);
}

void channels_drain(struct run *run) {
  read_channel(&run->ready_pipe, MESSAGES_AT_THE_END);
  read_channel(&run->notify_socket, MESSAGES_AT_THE_END);
  client_run_drain(run);
}
