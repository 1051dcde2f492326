/* The order in which clients are served.
 *
 * They come out of their epoll set one at a time: the kernel moves each behind all others that are
 * ready, so none is left out when the time of a turn is up. What is found out about a client within
 * a call of the policy (it is gone, it does not read) is handled in the next turn. Memory is freed
 * between turns only. */
#define _GNU_SOURCE
#include "control/client_turn.h"
#include "base/clock.h"
#include "base/limits.h"
#include "control/client.h"
#include "control/client_input.h"
#include "control/content.h"
#include "control/listen.h"
#include "engine/events.h"
#include "output/logs.h"

#include <math.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { TURN_MS = 2 };

static void close_client(struct client *client) {
  if (client->stream) logs_client_gone(client);
  client_drop_partial_line(client);
  if (contents_count > 0) content_client_gone(client->id);
  client_remove(client);
  client_schedule(client); /* to free it */
}

static void send_queue(struct client *client) {
  client_flush(client);
  if (!client->gone && client->stream && client_queued(client) == 0) logs_client_drained(client);
}

/* Handles a scheduled client. */
static void handle_scheduled(struct client *client) {
  if (client->gone) {
    bool must_report = client->reported && !client->ending, lagged = client->lagged;
    int64_t id = client->id;
    close_client(client);
    if (must_report) event_client_gone(id, lagged);
    return;
  }
  if (!client->reported && client->way == INHERITED) client_report(client, NULL);
  send_queue(client);
  if (client->ending && client_queued(client) == 0) close_client(client);
}

static void handle_all_scheduled(void) {
  for (size_t left = clients_scheduled(); left > 0; left--) {
    struct client *client = client_take_scheduled();
    if (client->fd < 0)
      free(client);
    else
      handle_scheduled(client);
  }
}

static void serve_event(const struct epoll_event *event, double until_ms) {
  struct client *client = event->data.ptr;
  if (!client) return listen_ready();
  if (event->events & EPOLLOUT) client_schedule(client);
  if (event->events & EPOLLIN)
    client_read(client, until_ms);
  else if (event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
    client_set_gone(client);
}

/* The first deadline of clients that are ending. */
static double first_end_ms(void) {
  double first = INFINITY;
  if (clients_ending() == 0) return first;
  for (struct client *client = client_next(NULL); client; client = client_next(client))
    if (client->ending) first = fmin(first, client->ends_at_ms);
  return first;
}

static void close_overdue(double now) {
  if (clients_ending() == 0) return;
  for (struct client *client = client_next(NULL), *next; client; client = next) {
    next = client_next(client);
    if (client->ending && client->ends_at_ms <= now) close_client(client);
  }
}

double clients_deadline_ms(void) {
  double first = fmin(first_end_ms(), listen_resume_ms());
  return contents_count > 0 ? fmin(first, contents_deadline_ms()) : first;
}

bool clients_want_turn(void) {
  return clients_scheduled() > 0 || clients_deadline_ms() <= now_ms();
}

void clients_turn(void) {
  double now = now_ms(), until = now + TURN_MS;
  handle_all_scheduled();
  for (int served = 0; served < BATCH_MAX && now < until; served++, now = now_ms()) {
    struct epoll_event event;
    if (epoll_wait(clients_set(), &event, 1, 0) != 1) break;
    serve_event(&event, until);
  }
  handle_all_scheduled();
  close_overdue(now);
  if (contents_count > 0) contents_check_deadlines(now);
  if (listen_resume_ms() <= now) listen_resume();
}

bool clients_finished(void) {
  clients_end();
  return !client_next(NULL);
}
