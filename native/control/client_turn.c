/* When clients are served, and how each of them ends.
 *
 * They come out of their epoll set one at a time: the kernel puts each behind all others that are
 * ready, so that nobody is left out when a turn's time is up. Whatever is found out about a client
 * inside a call of the policy (it is gone, it does not read) waits for the next turn. Memory is
 * freed between turns only. */
#define _GNU_SOURCE
#include "control/client_turn.h"
#include "base/clock.h"
#include "base/limits.h"
#include "control/client.h"
#include "control/client_input.h"
#include "control/listen.h"
#include "engine/events.h"
#include "output/logs.h"

#include <math.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { TURN_MS = 2 };

static void close_client(struct client *client) {
  if (client->stream) logs_client_gone(client);
  client_forget_part(client);
  client_remove(client);
  client_wait(client); /* to be freed */
}

static void pass_on(struct client *client) {
  client_flush(client);
  if (!client->gone && client->stream && client_queued(client) == 0) logs_client_drained(client);
}

/* All that waited for this turn. */
static void settle(struct client *client) {
  if (client->gone) {
    bool tells = client->told && !client->ending, lagged = client->lagged;
    int64_t id = client->id;
    close_client(client);
    if (tells) event_client_gone(id, lagged);
    return;
  }
  if (!client->told && client->way == INHERITED) client_tell(client, NULL);
  pass_on(client);
  if (client->ending && client_queued(client) == 0) close_client(client);
}

static void settle_waiting(void) {
  for (size_t left = clients_waiting(); left > 0; left--) {
    struct client *client = client_take_waiting();
    if (client->fd < 0)
      free(client);
    else
      settle(client);
  }
}

static void serve(const struct epoll_event *event, double until_ms) {
  struct client *client = event->data.ptr;
  if (!client) return listen_ready();
  if (event->events & EPOLLOUT) client_wait(client);
  if (event->events & EPOLLIN)
    client_read(client, until_ms);
  else if (event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
    client_gone(client);
}

/* Until when those that are ending have time. */
static double first_end_ms(void) {
  double first = INFINITY;
  if (clients_ending() == 0) return first;
  for (struct client *client = client_next(NULL); client; client = client_next(client))
    if (client->ending) first = fmin(first, client->ends_at_ms);
  return first;
}

static void end_late(double now) {
  if (clients_ending() == 0) return;
  for (struct client *client = client_next(NULL), *next; client; client = next) {
    next = client_next(client);
    if (client->ending && client->ends_at_ms <= now) close_client(client);
  }
}

double clients_deadline_ms(void) { return fmin(first_end_ms(), listen_resume_ms()); }

bool clients_want_turn(void) { return clients_waiting() > 0 || clients_deadline_ms() <= now_ms(); }

void clients_turn(void) {
  double now = now_ms(), until = now + TURN_MS;
  settle_waiting();
  for (int served = 0; served < BATCH_MAX && now < until; served++, now = now_ms()) {
    struct epoll_event event;
    if (epoll_wait(clients_set(), &event, 1, 0) != 1) break;
    serve(&event, until);
  }
  settle_waiting();
  end_late(now);
  if (listen_resume_ms() <= now) listen_resume();
}

bool clients_finished(void) {
  clients_end();
  return !client_next(NULL);
}
