/* The table of clients, their output queues, and their ends. All their sockets are in an epoll set
 * inside the loop's; client_turn.c serves them. */
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
  SEND_AT_ONCE = 64 * 1024,      /* less is sent at the end of the turn: one call for many lines */
  EMPTY_TOTAL = 2 * 1024 * 1024, /* with more than this in all buffers, empty buffers are freed */
  STREAM_SHARE = 8,              /* of the memory that is left, a stream gets one part in so many */
  GRACE_MS = 1000,               /* to send the queue of a client that ends, */
  LAST_GRACE_MS = 200,           /* and when all of pitcrew ends */
};

static struct client *buckets[BUCKETS];
static size_t client_count;    /* without PITCREW_FD connections */
static size_t count_from_runs; /* of these, those from processes of daemons */
static struct client *first_scheduled, **last_scheduled = &first_scheduled;
static size_t scheduled_count, ending_count;
static bool finishing;
static size_t answers_total, streams_total; /* of all buffers */
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

/* Reserves half of all descriptors for daemons, and most connections for operators: a daemon that
 * misbehaves cannot lock them out. */
bool clients_have_room(bool from_run) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  size_t most = files.rlim_cur / 2 < CLIENTS_MAX ? files.rlim_cur / 2 : CLIENTS_MAX;
  return client_count < most && (!from_run || count_from_runs < most / 4);
}

void client_set_from_run(struct client *client) {
  client->from_run = true;
  count_from_runs++;
}

struct client *client_new(int fd, enum client_way way, struct run *run) {
  struct client *client = clients_set() < 0 ? NULL : calloc(1, sizeof *client);
  if (!client) return NULL;
  /* Otherwise an out-of-band byte would make it readable forever, with nothing to read. */
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

/* Ends this process when its parent ends. If that happened before the call, the parent's end of the
 * socket is closed. */
static void end_with_parent(int fd) {
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
  if (!clients_have_room(false)) return EMFILE;
  struct client *client = client_new(fd, INHERITED, NULL);
  if (!client) return errno;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  end_with_parent(fd);
  client_schedule(client);
  return 0;
}

static struct client **place_of(int64_t id) {
  struct client **place = &buckets[(uint64_t)id % BUCKETS];
  while (*place && (*place)->id != id) place = &(*place)->next_in_bucket;
  return place;
}

struct client *client_find(int64_t id) {
  struct client *client = *place_of(id);
  return client && client->reported && !client->gone && !client->ending ? client : NULL;
}

struct client *client_next(const struct client *before) {
  size_t bucket = before ? (uint64_t)before->id % BUCKETS : 0;
  struct client *client = before ? before->next_in_bucket : buckets[0];
  while (!client && ++bucket < BUCKETS) client = buckets[bucket];
  return client;
}

void client_report(struct client *client, const struct peer *peer) {
  struct peer itself = {0};
  if (client->way == BY_DAEMON_FD) {
    itself = (struct peer){client->run->uid, client->run->pid, {ORIGIN_RUN, client->run}};
  } else if (client->way == INHERITED) {
    peer_of(client->fd, &itself);
    itself.uid = getuid();
    itself.origin = (struct origin){ORIGIN_NONE, NULL};
  }
  client->reported = true;
  event_client(client->id, client->way, peer ? peer : &itself);
}

/* ---- events, scheduling, and the end of a client */

size_t client_queued(const struct client *client) { return client->out_end - client->out_start; }

bool client_accepts_input(const struct client *client) {
  return client->fd >= 0 && !client->gone && !client->ending && !client->input_closed &&
         !client->stream && client_queued(client) <= CLIENT_READ_UP_TO;
}

void client_update_events(struct client *client) {
  if (client->fd < 0 || client->gone) return;
  uint32_t mask = (client_accepts_input(client) ? EPOLLIN : 0) | (client->ending ? 0 : EPOLLRDHUP) |
                  (client_queued(client) > 0 ? EPOLLOUT : 0);
  if (mask == client->mask) return;
  struct epoll_event event = {.events = mask, .data.ptr = client};
  if (epoll_ctl(set_fd, EPOLL_CTL_MOD, client->fd, &event) == 0) client->mask = mask;
}

void client_schedule(struct client *client) {
  if (client->scheduled) return;
  client->scheduled = true;
  client->next_scheduled = NULL;
  *last_scheduled = client;
  last_scheduled = &client->next_scheduled;
  scheduled_count++;
}

struct client *client_take_scheduled(void) {
  struct client *client = first_scheduled;
  if (!client) return NULL;
  first_scheduled = client->next_scheduled;
  if (!first_scheduled) last_scheduled = &first_scheduled;
  scheduled_count--;
  client->scheduled = false;
  return client;
}

size_t clients_scheduled(void) { return scheduled_count; }

void client_set_gone(struct client *client) {
  if (client->fd < 0 || client->gone) return;
  client->gone = true;
  /* Otherwise it would be reported again and again. */
  epoll_ctl(clients_set(), EPOLL_CTL_DEL, client->fd, NULL);
  client_schedule(client);
}

void client_cut_off(struct client *client) {
  client->lagged = true;
  client_set_gone(client);
}

void client_end(struct client *client) {
  if (client->fd < 0 || client->ending) return;
  client->ending = true;
  client->ends_at_ms = now_ms() + (finishing ? LAST_GRACE_MS : GRACE_MS);
  ending_count++;
  client_update_events(client);
  client_schedule(client);
}

void client_run_over(struct run *run) {
  struct client *client = run->control;
  if (!client) return;
  client_set_gone(client);
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

/* ---- output: one buffer, which exists only while it holds something. Sends never block, and
 * O_NONBLOCK is never set, because an inherited socket may be shared. */

static size_t *total_of(const struct client *client) {
  return client->stream ? &streams_total : &answers_total;
}

void client_drop_queue(struct client *client) {
  free(client->out);
  *total_of(client) -= client->out_room;
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
      client_set_gone(client);
  }
  if (client_queued(client) == 0) {
    client->out_start = client->out_end = 0;
    /* A stream needs its buffer again. But the empty buffers of many must not use up the memory of
     * others. */
    if (!client->stream || streams_total > EMPTY_TOTAL) client_drop_queue(client);
  }
  client_update_events(client);
}

static void move_to_front(struct client *client) {
  size_t queued = client_queued(client);
  memmove(client->out, client->out + client->out_start, queued);
  client->out_start = 0;
  client->out_end = (uint32_t)queued;
}

/* When all answers together exceed their limit, the client with the longest queue is cut off. */
static bool cut_off_longest(const struct client *client) {
  struct client *longest = NULL;
  size_t most = client_queued(client);
  for (struct client *other = client_next(NULL); other; other = client_next(other))
    if (!other->stream && client_queued(other) > most)
      longest = other, most = client_queued(other);
  if (!longest) return false;
  client_cut_off(longest);
  client_drop_queue(longest);
  return true;
}

/* Whether a stream that has a buffer of `room` bytes may have one of `wanted`. */
static bool stream_may_have(size_t room, size_t wanted) {
  return wanted <= STREAM_QUEUE_MIN || streams_total - room + wanted <= STREAMS_QUEUE_MAX;
}

static bool may_have(const struct client *client, size_t wanted) {
  if (client->stream) return stream_may_have(client->out_room, wanted);
  while (answers_total - client->out_room + wanted > ANSWERS_QUEUE_MAX)
    if (!cut_off_longest(client)) return false;
  return true;
}

static bool resize(struct client *client, size_t wanted) {
  void *resized = realloc(client->out, wanted);
  if (!resized) return false;
  *total_of(client) += wanted - client->out_room;
  client->out = resized;
  client->out_room = (uint32_t)wanted;
  return true;
}

/* Leaves room for what follows, if it may: a queue of a megabyte is resized some 60 times. */
static bool grow(struct client *client, size_t needed) {
  size_t wanted = needed + needed / 8;
  if (wanted < ROOM_BYTES_MIN) wanted = ROOM_BYTES_MIN;
  if (client->stream && !stream_may_have(client->out_room, wanted)) wanted = needed;
  return may_have(client, wanted) && resize(client, wanted);
}

void client_fit_queue(struct client *client) {
  if (client_queued(client) == 0) return;
  move_to_front(client);
  resize(client, client_queued(client));
}

bool client_set_stream(struct client *client, void *stream) {
  if (stream && !stream_may_have(0, client->out_room)) return false;
  *total_of(client) -= client->out_room;
  client->stream = stream;
  *total_of(client) += client->out_room;
  return true;
}

size_t client_stream_room(void) {
  size_t left = streams_total < STREAMS_QUEUE_MAX ? STREAMS_QUEUE_MAX - streams_total : 0;
  return left / STREAM_SHARE > STREAM_QUEUE_MIN ? left / STREAM_SHARE : STREAM_QUEUE_MIN;
}

static bool reserve_output(struct client *client, size_t count) {
  size_t queued = client_queued(client);
  if (count > CLIENT_QUEUE_MAX - queued) return false;
  if (client->out_end + count <= client->out_room) return true;
  if (client->out_start > 0) move_to_front(client);
  return queued + count <= client->out_room || grow(client, queued + count);
}

static void append_output(struct client *client, const void *bytes, size_t count) {
  memcpy(client->out + client->out_end, bytes, count);
  client->out_end += (uint32_t)count;
}

/* When buffers are large, sends at once before the next client gets memory. */
static void schedule_send(struct client *client) {
  client_schedule(client);
  bool is_much = client_queued(client) >= SEND_AT_ONCE || *total_of(client) > EMPTY_TOTAL;
  if (is_much) client_flush(client);
}

static bool prepare_queue(struct client *client, size_t count) {
  return client->fd >= 0 && !client->gone && !client->ending && reserve_output(client, count);
}

bool client_put(struct client *client, const void *bytes, size_t count) {
  if (!prepare_queue(client, count)) return false;
  if (count == 0) return true;
  append_output(client, bytes, count);
  schedule_send(client);
  return true;
}

bool client_put_line(struct client *client, const char *text, size_t bytes) {
  if (bytes >= CLIENT_QUEUE_MAX || !prepare_queue(client, bytes + 1)) return false;
  append_output(client, text, bytes);
  append_output(client, "\n", 1);
  schedule_send(client);
  return true;
}

void client_remove(struct client *client) {
  struct client **place = place_of(client->id);
  *place = client->next_in_bucket;
  /* A helper may still hold the socket: shut it down, unless it is shared with our parent. */
  socket_end(client->fd, set_fd, client->way != INHERITED);
  client->fd = -1;
  client_drop_queue(client);
  if (client->run) client->run->control = NULL;
  client_count -= client->way != BY_DAEMON_FD;
  count_from_runs -= client->from_run;
  ending_count -= client->ending;
}
