/* Clients: their table, what is to be sent to them, and how each of them ends. All their sockets
 * are in an epoll set of their own inside the loop's; client_turn.c serves them. */
#define _GNU_SOURCE
#include "control/client.h"
#include "base/address.h"
#include "base/clock.h"
#include "engine/events.h"
#include "loop/loop.h"
#include "tree/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BUCKETS = 256,
  ROOM_BYTES_MIN = 512,
  SEND_AT_ONCE = 64 * 1024,      /* less waits for the end of the turn: one call for many lines */
  EMPTY_TOTAL = 2 * 1024 * 1024, /* with more than this in all buffers, no empty one is kept */
  GRACE_MS = 1000,               /* for what is queued when a client is closed, */
  LAST_GRACE_MS = 200,           /* and when all of pitcrew ends */
};

static struct client *buckets[BUCKETS];
static size_t client_count;  /* without those that daemons have as PITCREW_FD */
static size_t count_of_runs; /* of these, those that processes of daemons have made */
static struct client *first_waiting, **last_waiting = &first_waiting;
static size_t waiting_count, ending_count;
static bool finishing;
static size_t rooms_total; /* of all buffers */
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
  return client_count < most && (!of_run || count_of_runs < most / 4);
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
  client_count += way != BY_DAEMON_FD;
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
  event_client(client->id, client->way, peer ? peer : &itself);
}

/* ---- what it is ready for, and its end */

size_t client_queued(const struct client *client) { return client->out_end - client->out_start; }

bool client_hears(const struct client *client) {
  return client->fd >= 0 && !client->gone && !client->ending && !client->deaf && !client->stream &&
         client_queued(client) <= CLIENT_READ_UP_TO;
}

void client_watch(struct client *client) {
  if (client->fd < 0 || client->gone) return;
  uint32_t mask = (client_hears(client) ? EPOLLIN : 0) | (client->ending ? 0 : EPOLLRDHUP) |
                  (client_queued(client) > 0 ? EPOLLOUT : 0);
  if (mask == client->mask) return;
  struct epoll_event event = {.events = mask, .data.ptr = client};
  if (epoll_ctl(set_fd, EPOLL_CTL_MOD, client->fd, &event) == 0) client->mask = mask;
}

void client_wait(struct client *client) {
  if (client->waiting) return;
  client->waiting = true;
  client->next_waiting = NULL;
  *last_waiting = client;
  last_waiting = &client->next_waiting;
  waiting_count++;
}

struct client *client_take_waiting(void) {
  struct client *client = first_waiting;
  if (!client) return NULL;
  first_waiting = client->next_waiting;
  if (!first_waiting) last_waiting = &first_waiting;
  waiting_count--;
  client->waiting = false;
  return client;
}

size_t clients_waiting(void) { return waiting_count; }

void client_gone(struct client *client) {
  if (client->fd < 0 || client->gone) return;
  client->gone = true;
  /* Or it would be ready again and again. */
  epoll_ctl(clients_set(), EPOLL_CTL_DEL, client->fd, NULL);
  client_wait(client);
}

void client_cut_off(struct client *client) {
  client->lagged = true;
  client_gone(client);
}

void client_end(struct client *client) {
  if (client->fd < 0 || client->ending) return;
  client->ending = true;
  client->ends_at_ms = now_ms() + (finishing ? LAST_GRACE_MS : GRACE_MS);
  ending_count++;
  client_watch(client);
  client_wait(client);
}

void client_run_over(struct run *run) {
  struct client *client = run->control;
  if (!client) return;
  client_gone(client);
  client->run = NULL;
  run->control = NULL;
}

void clients_end(void) {
  double last_ms = now_ms() + LAST_GRACE_MS;
  for (struct client *client = client_next(NULL); client; client = client_next(client)) {
    client_end(client);
    if (!finishing) client->ends_at_ms = fmin(client->ends_at_ms, last_ms);
  }
  finishing = true;
}

size_t clients_ending(void) { return ending_count; }

/* ---- what is sent: one buffer, which is there only while something waits in it. Nothing is sent
 * with a wait, and O_NONBLOCK is never set: an inherited socket may be shared. */

void client_drop_queue(struct client *client) {
  free(client->out);
  rooms_total -= client->out_room;
  client->out = NULL;
  client->out_start = client->out_end = client->out_room = 0;
}

void client_flush(struct client *client) {
  while (client_queued(client) > 0 && !client->gone) {
    ssize_t n = send(client->fd, client->out + client->out_start, client_queued(client),
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0)
      client->out_start += (uint32_t)n;
    else if (errno == EAGAIN)
      break;
    else if (errno != EINTR)
      client_gone(client);
  }
  if (client_queued(client) == 0) {
    client->out_start = client->out_end = 0;
    /* A stream needs it again and again. But the room of many that wait for nothing must not cost
     * others theirs. */
    if (!client->stream || rooms_total > EMPTY_TOTAL) client_drop_queue(client);
  }
  client_watch(client);
}

static void move_to_front(struct client *client) {
  size_t queued = client_queued(client);
  memmove(client->out, client->out + client->out_start, queued);
  client->out_start = 0;
  client->out_end = (uint32_t)queued;
}

/* When all queues together are too long, it is the longest that must go. */
static bool cut_off_longer_than(const struct client *client) {
  struct client *longest = NULL;
  size_t most = client_queued(client);
  for (struct client *other = client_next(NULL); other; other = client_next(other))
    if (client_queued(other) > most) longest = other, most = client_queued(other);
  if (!longest) return false;
  client_cut_off(longest);
  client_drop_queue(longest);
  return true;
}

static bool grow(struct client *client, size_t needed) {
  size_t wanted = client->out_room > 0 ? client->out_room : ROOM_BYTES_MIN;
  while (wanted < needed) wanted *= 2;
  while (rooms_total - client->out_room + wanted > CLIENTS_QUEUE_MAX)
    if (!cut_off_longer_than(client)) return false;
  size_t others = rooms_total - client->out_room;
  void *grown = realloc(client->out, wanted);
  if (!grown) return false;
  client->out = grown;
  client->out_room = (uint32_t)wanted;
  rooms_total = others + wanted;
  return true;
}

static bool make_room(struct client *client, size_t count) {
  size_t queued = client_queued(client);
  if (count > CLIENT_QUEUE_MAX - queued) return false;
  if (client->out_end + count <= client->out_room) return true;
  if (client->out_start > 0) move_to_front(client);
  return queued + count <= client->out_room || grow(client, queued + count);
}

static void add(struct client *client, const void *bytes, size_t count) {
  memcpy(client->out + client->out_end, bytes, count);
  client->out_end += (uint32_t)count;
}

/* With much in all buffers, what can be sent is sent before the next client gets its room. */
static void send_soon(struct client *client) {
  client_wait(client);
  bool is_much = client_queued(client) >= SEND_AT_ONCE || rooms_total > EMPTY_TOTAL;
  if (is_much) client_flush(client);
}

static bool takes(struct client *client, size_t count) {
  return client->fd >= 0 && !client->gone && !client->ending && make_room(client, count);
}

bool client_put(struct client *client, const void *bytes, size_t count) {
  if (!takes(client, count)) return false;
  if (count == 0) return true;
  add(client, bytes, count);
  send_soon(client);
  return true;
}

bool client_put_line(struct client *client, const char *text, size_t bytes) {
  if (bytes >= CLIENT_QUEUE_MAX || !takes(client, bytes + 1)) return false;
  add(client, text, bytes);
  add(client, "\n", 1);
  send_soon(client);
  return true;
}

void client_remove(struct client *client) {
  struct client **place = place_of(client->id);
  *place = client->next_in_bucket;
  /* A helper may still hold the socket: the end is told all the same, unless it is not ours alone.
   */
  socket_end(client->fd, set_fd, client->way != INHERITED);
  client->fd = -1;
  client_drop_queue(client);
  if (client->run) client->run->control = NULL;
  client_count -= client->way != BY_DAEMON_FD;
  count_of_runs -= client->of_run;
  ending_count -= client->ending;
}
