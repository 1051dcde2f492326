/* The table of clients: who there is, and how they come into it and out of it. All their sockets
 * are in an epoll set of their own inside the loop's; client_turn.c serves them. */
#define _GNU_SOURCE
#include "address.h"
#include "client.h"

#include <errno.h>
#include <sys/prctl.h>
#include <signal.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUCKETS = 256 };

static struct client *buckets[BUCKETS];
static size_t count;         /* without those that daemons have as PITCREW_FD */
static size_t count_of_runs; /* of these, those that processes of daemons have made */
static int64_t last_id;
static int set_fd = -1;
static struct watch watch = {WATCH_CLIENTS};

int clients_set(void) {
  if (set_fd >= 0) return set_fd;
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return -1;
  if (loop_watch(fd, EPOLLIN, &watch)) return set_fd = fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

/* Half of all descriptors are kept for the daemons, and most connections for operators: whoever is
 * to be stopped cannot keep them out. */
bool client_may_come(bool of_run) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  size_t most = files.rlim_cur / 2 < CLIENTS_MAX ? files.rlim_cur / 2 : CLIENTS_MAX;
  return count < most && (!of_run || count_of_runs < most / 4);
}

void client_is_of_run(struct client *client) {
  client->of_run = true;
  count_of_runs++;
}

struct client *client_new(int fd, enum client_way way, struct run *run) {
  struct client *client = clients_set() < 0 ? NULL : calloc(1, sizeof *client);
  if (!client) return NULL;
  /* Or a byte "out of band" would make it ready to be read for ever, and nothing be read. */
  setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int));
  *client = (struct client){
      .id = ++last_id, .fd = fd, .mask = EPOLLIN | EPOLLRDHUP, .run = run, .way = way};
  struct epoll_event event = {.events = client->mask, .data.ptr = client};
  if (epoll_ctl(set_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
    int error = errno;
    free(client);
    errno = error;
    return NULL;
  }
  struct client **bucket = &buckets[client->id % BUCKETS];
  client->next_in_bucket = *bucket;
  *bucket = client;
  count += way != BY_DAEMON_FD;
  return client;
}

static int socket_option(int fd, int option) {
  int value = -1;
  socklen_t bytes = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value : -1;
}

/* We do not outlive whoever started us. If he ended before we could ask for that, his end of the
 * socket is closed. */
static void end_with_owner(int fd) {
  char byte;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) kill(getpid(), SIGTERM);
}

int client_adopt(int fd) {
  struct sockaddr_storage far;
  socklen_t bytes = sizeof far;
  if (fd <= STDERR_FILENO) return EINVAL;
  if (getpeername(fd, (struct sockaddr *)&far, &bytes) != 0) return errno;
  if (socket_option(fd, SO_DOMAIN) != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM)
    return EPROTOTYPE;
  if (!client_may_come(false)) return EMFILE;
  struct client *client = client_new(fd, INHERITED, NULL);
  if (!client) return errno;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  end_with_owner(fd);
  client_wait(client);
  return 0;
}

static struct client **place_of(int64_t id) {
  struct client **place = &buckets[(uint64_t)id % BUCKETS];
  while (*place && (*place)->id != id) place = &(*place)->next_in_bucket;
  return place;
}

struct client *client_find(int64_t id) {
  struct client *client = *place_of(id);
  return client && client->told && !client->gone && !client->ending ? client : NULL;
}

struct client *client_next(const struct client *before) {
  size_t bucket = before ? (uint64_t)before->id % BUCKETS : 0;
  struct client *client = before ? before->next_in_bucket : buckets[0];
  while (!client && ++bucket < BUCKETS) client = buckets[bucket];
  return client;
}

void client_tell(struct client *client, const struct peer *peer) {
  struct peer itself = {0};
  if (client->way == BY_DAEMON_FD) {
    itself = (struct peer){client->run->uid, client->run->pid, {ORIGIN_RUN, client->run}};
  } else if (client->way == INHERITED) {
    peer_of(client->fd, &itself);
    itself.uid = getuid();
    itself.origin = (struct origin){ORIGIN_NONE, NULL};
  }
  client->told = true;
  event_client(client, peer ? peer : &itself);
}

void client_watch(struct client *client) {
  if (client->fd < 0 || client->gone) return;
  uint32_t mask = (client_hears(client) ? EPOLLIN : 0) | (client->ending ? 0 : EPOLLRDHUP) |
                  (client_queued(client) > 0 ? EPOLLOUT : 0);
  if (mask == client->mask) return;
  struct epoll_event event = {.events = mask, .data.ptr = client};
  if (epoll_ctl(set_fd, EPOLL_CTL_MOD, client->fd, &event) == 0) client->mask = mask;
}

void client_remove(struct client *client) {
  struct client **place = place_of(client->id);
  *place = client->next_in_bucket;
  /* A helper may still hold the socket: the end is told all the same, unless it is not ours alone.
   */
  socket_end(client->fd, set_fd, client->way != INHERITED);
  client->fd = -1;
  client_drop_queue(client);
  client_forget_part(client);
  if (client->run) client->run->control = NULL;
  count -= client->way != BY_DAEMON_FD;
  count_of_runs -= client->of_run;
}
