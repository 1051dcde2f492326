/* When clients are served, and how each of them ends.
 *
 * They come out of their epoll set one at a time: the kernel puts each behind all others that are
 * ready, so that nobody is left out when a turn's time is up. Whatever is found out about a client
 * inside a call of the policy (it is gone, it does not read) waits for the next turn. Memory is
 * freed between turns only. */
#define _GNU_SOURCE
#include "client.h"

#include <math.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum {
  TURN_MS = 2,
  GRACE_MS = 1000,      /* for what is queued when a client is closed, */
  LAST_GRACE_MS = 200,  /* and when all of pitcrew ends */
  READS_AT_THE_END = 4, /* of a daemon whose run is over */
};

static struct client *first_waiting, **last_waiting = &first_waiting;
static size_t waiting_count, ending_count;
static bool finishing;

void client_wait(struct client *client) {
  if (client->waiting) return;
  client->waiting = true;
  client->next_waiting = NULL;
  *last_waiting = client;
  last_waiting = &client->next_waiting;
  waiting_count++;
}

/* ---- ends */

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

static void close_client(struct client *client) {
  if (client->stream) logs_client_gone(client);
  client_remove(client);
  ending_count -= client->ending;
  client_wait(client); /* to be freed */
}

void client_run_over(struct run *run) {
  struct client *client = run->control;
  if (!client) return;
  client_gone(client);
  client->run = NULL;
  run->control = NULL;
}

void client_run_drain(struct run *run) {
  for (int reads = 0; reads < READS_AT_THE_END; reads++)
    if (!run->control || !client_read(run->control, INFINITY)) return;
}

/* ---- turns */

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
  for (size_t left = waiting_count; left > 0; left--) {
    struct client *client = first_waiting;
    first_waiting = client->next_waiting;
    if (!first_waiting) last_waiting = &first_waiting;
    waiting_count--;
    client->waiting = false;
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
  if (ending_count == 0) return first;
  for (struct client *client = client_next(NULL); client; client = client_next(client))
    if (client->ending) first = fmin(first, client->ends_at_ms);
  return first;
}

static void end_late(double now) {
  if (ending_count == 0) return;
  for (struct client *client = client_next(NULL), *next; client; client = next) {
    next = client_next(client);
    if (client->ending && client->ends_at_ms <= now) close_client(client);
  }
}

double clients_deadline_ms(void) { return fmin(first_end_ms(), listen_resume_ms()); }

bool clients_want_turn(void) { return waiting_count > 0 || clients_deadline_ms() <= now_ms(); }

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
  double last_ms = now_ms() + LAST_GRACE_MS;
  for (struct client *client = client_next(NULL); client; client = client_next(client)) {
    client_end(client);
    if (!finishing) client->ends_at_ms = fmin(client->ends_at_ms, last_ms);
  }
  finishing = true;
  return !client_next(NULL);
}
