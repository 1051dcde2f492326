/* What a run says of itself: a newline on a pipe of its own, or messages of sd_notify on a socket
 * of its own. (What it asks for by its PITCREW_FD is a client's: client.h.)
 *
 * The socket has an abstract name, which works for any user and where nothing can be written. The
 * name alone proves nothing, since /proc/net/unix tells it to everybody in our network namespace:
 * the kernel says which process sent a message, and origin.c says of which run that is. A sender
 * that has ended already cannot be looked at. It is believed when its user is that of the run. */
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
  MESSAGES_A_TURN = 64,      /* of all runs, shared evenly */
  MESSAGES_AT_THE_END = 512, /* the longest queue that systems are set up with */
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

/* ---- hearing: each of these takes one piece, and says whether there may be more */

void run_is_ready(struct run *run) {
  if (run->ready) return;
  run->ready = true;
  event_ready(run);
}

static bool hear_pipe(struct run *run) {
  char text[512];
  ssize_t n = read(run->ready_pipe.fd, text, sizeof text);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
  bool said = n > 0 && memchr(text, '\n', (size_t)n);
  if (n <= 0 || said) channel_close(&run->ready_pipe);
  if (said) run_is_ready(run);
  return n > 0 && !said;
}

/* Any process can give itself a mark: with that alone, its user must be that of the run, too. The
 * same of one that has ended. Pid 0: outside of our PID namespace. */
static bool is_of_run(const struct run *run, const struct ucred *sender) {
  if (sender->pid <= 0) return false;
  bool is_its_user = sender->uid == run->uid || sender->uid == 0;
  struct origin origin;
  if (!origin_of(sender->pid, &origin))
    return is_its_user && kill(sender->pid, 0) != 0 && errno == ESRCH;
  return origin.run == run && (origin.kin == ORIGIN_RUN || is_its_user);
}

static void tell_message(struct run *run, const char *text, size_t bytes) {
  struct notify_field fields[NOTIFY_FIELDS];
  if (notify_read(run, text, bytes, fields)) event_notify(run, fields);
}

/* There is room for the sender and for no descriptor, so that the kernel closes those that came
 * with a message at once, and none ever has a number here. */
static bool hear_message(struct run *run) {
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
  if (!(message.msg_flags & MSG_TRUNC) && is_of_run(run, &sender))
    tell_message(run, text, (size_t)n);
  return true;
}

static void hear(struct channel *channel, int times) {
  bool more = true;
  while (channel->fd >= 0 && more && times-- > 0)
    more =
        channel->watch.kind == WATCH_READY ? hear_pipe(channel->run) : hear_message(channel->run);
}

void channel_read(struct channel *channel, int ready_count) {
  int share = MESSAGES_A_TURN / ready_count;
  hear(channel, share > 0 ? share : 1);
}

void channels_drain(struct run *run) {
  hear(&run->ready_pipe, MESSAGES_AT_THE_END);
  hear(&run->notify_socket, MESSAGES_AT_THE_END);
  client_run_drain(run);
}
