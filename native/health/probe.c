/* Probes have an epoll set of their own inside the loop's: the policy is not called while ready
 * probes are served, since it could forget a probe that is still to be served. Results are queued
 * and reported afterwards. */
#define _GNU_SOURCE
#include "health/probe.h"
#include "base/limits.h"
#include "engine/events.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
  PROBES_MAX = 4096,
  BUCKETS = 256,
};

enum stage { CONNECTING, SENDING, READING };
struct probe {
  int64_t id;
  int fd; /* -1 = done */
  enum stage stage;
  bool is_forgotten;
  int error;
  char text[PROBE_ANSWER_BYTES_MAX];
  size_t text_bytes;
  size_t sent;
  struct probe *next_in_bucket, *next_answered;
  bool has_request;
  size_t request_bytes;
  char request[];
};

static struct probe *buckets[BUCKETS];
static struct probe *first_answered, **last_answered = &first_answered;
static size_t count; /* in progress and in the queue */
static int set_fd = -1;
static struct watch watch = {WATCH_PROBES};

static struct probe **slot_of(int64_t id) {
  struct probe **place = &buckets[(uint64_t)id % BUCKETS];
  while (*place && (*place)->id != id) place = &(*place)->next_in_bucket;
  return place;
}

static void finish(struct probe *probe, int error) {
  socket_end(probe->fd, set_fd, false);
  probe->fd = -1;
  probe->error = error;
  *last_answered = probe;
  last_answered = &probe->next_answered;
}

/* A socket may connect to itself, when the kernel chooses the probed port for our own end. */
static bool is_connected_to_itself(int fd) {
  struct sockaddr_storage near = {0}, far = {0};
  socklen_t near_bytes = sizeof near, far_bytes = sizeof far;
  if (getsockname(fd, (struct sockaddr *)&near, &near_bytes) != 0) return false;
  if (getpeername(fd, (struct sockaddr *)&far, &far_bytes) != 0) return false;
  return near.ss_family != AF_UNIX && near_bytes == far_bytes &&
         memcmp(&near, &far, far_bytes) == 0;
}

static bool watch_for(struct probe *probe, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = probe};
  return epoll_ctl(set_fd, operation, probe->fd, &event) == 0;
}

static void send_request(struct probe *probe) {
  while (probe->sent < probe->request_bytes) {
    ssize_t n = send(probe->fd, probe->request + probe->sent, probe->request_bytes - probe->sent,
                     MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno != EINTR) return finish(probe, errno == EPIPE ? ECONNRESET : errno);
    if (n > 0) probe->sent += (size_t)n;
  }
  probe->stage = READING;
  if (!watch_for(probe, EPOLL_CTL_MOD, EPOLLIN)) finish(probe, errno);
}

static void read_line(struct probe *probe) {
  while (probe->text_bytes < PROBE_ANSWER_BYTES_MAX) {
    char *into = probe->text + probe->text_bytes;
    ssize_t n = recv(probe->fd, into, PROBE_ANSWER_BYTES_MAX - probe->text_bytes, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return finish(probe, errno);
    if (n == 0) return finish(probe, probe->text_bytes > 0 ? EPROTO : ECONNRESET);
    const char *end = memchr(into, '\n', (size_t)n);
    probe->text_bytes = end ? (size_t)(end - probe->text) : probe->text_bytes + (size_t)n;
    if (end) break;
  }
  if (probe->text_bytes > 0 && probe->text[probe->text_bytes - 1] == '\r') probe->text_bytes--;
  finish(probe, 0);
}

static void finish_connect(struct probe *probe) {
  int error = 0;
  socklen_t bytes = sizeof error;
  if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) error = errno;
  if (!error && is_connected_to_itself(probe->fd)) error = ECONNREFUSED;
  if (error || !probe->has_request) return finish(probe, error);
  probe->stage = SENDING;
  send_request(probe);
}

static void continue_probe(struct probe *probe) {
  switch (probe->stage) {
    case CONNECTING: return finish_connect(probe);
    case SENDING: return send_request(probe);
    case READING: return read_line(probe);
  }
}

static bool open_set(void) {
  if (set_fd >= 0) return true;
  set_fd = epoll_create1(EPOLL_CLOEXEC);
  if (set_fd >= 0 && loop_watch(set_fd, EPOLLIN, &watch)) return true;
  if (set_fd >= 0) close(set_fd);
  set_fd = -1;
  return false;
}

static int begin_connect(struct probe *probe, const struct address *address) {
  bool is_local = address->storage.ss_family == AF_UNIX;
  int error = connect(probe->fd, (const struct sockaddr *)&address->storage, address->bytes) == 0
                  ? 0
                  : errno;
  /* A full queue belongs to a listener. */
  if (error == EAGAIN && is_local) error = 0;
  if (error != EINPROGRESS && (error || !probe->has_request)) {
    finish(probe, error);
    return 0;
  }
  return watch_for(probe, EPOLL_CTL_ADD, EPOLLOUT) ? 0 : errno;
}

int probe_start(int64_t id, const struct address *address, const char *request,
                size_t request_bytes) {
  probe_forget(id);
  if (request_bytes > PROBE_REQUEST_BYTES_MAX) return EINVAL;
  if (count >= PROBES_MAX) return EAGAIN;
  if (!open_set()) return errno;
  struct probe *probe = calloc(1, sizeof *probe + request_bytes);
  if (!probe) return ENOMEM;
  probe->id = id;
  probe->has_request = request != NULL;
  probe->request_bytes = request_bytes;
  if (request) memcpy(probe->request, request, request_bytes);
  probe->fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = probe->fd < 0 ? errno : begin_connect(probe, address);
  if (error) {
    if (probe->fd >= 0) close(probe->fd);
    free(probe);
    return error;
  }
  *slot_of(id) = probe;
  count++;
  return 0;
}

static void remove_from_bucket(struct probe **place) { *place = (*place)->next_in_bucket; }

void probe_forget(int64_t id) {
  struct probe **place = slot_of(id), *probe = *place;
  if (!probe) return;
  remove_from_bucket(place);
  probe->is_forgotten = true;
  if (probe->fd < 0) return; /* It is in the queue, which skips it. */
  socket_end(probe->fd, set_fd, false);
  free(probe);
  count--;
}

static void report_first(void) {
  struct probe *probe = first_answered;
  first_answered = probe->next_answered;
  if (!first_answered) last_answered = &first_answered;
  count--;
  if (!probe->is_forgotten) {
    remove_from_bucket(slot_of(probe->id));
    event_probed(probe->id, probe->error, probe->text, probe->error ? 0 : probe->text_bytes);
  }
  free(probe);
}

bool probes_want_turn(void) { return first_answered != NULL; }

void probes_turn(void) {
  struct epoll_event events[BATCH_MAX];
  int ready = epoll_wait(set_fd, events, BATCH_MAX, 0);
  for (int i = 0; i < ready; i++) continue_probe(events[i].data.ptr);
  for (int told = 0; told < BATCH_MAX && first_answered; told++) report_first();
}
