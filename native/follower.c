/* The life of a client that is given daemons' lines.
 *
 *             a chunk             more than it may have at once
 *   pump.c ────────────▶ TAKES ────────────────────────────────▶ SKIPS
 *                          ▲   all is read, and 50 ms have passed:│ nothing is read for 10 s:
 *                          └──────── "! skipped N bytes" ◀────────┴──────▶ cut off
 *
 * What is skipped costs no more than a look at the chunk's end, and what is taken in 50 ms is
 * bounded for all followers together, so they never slow the pump by much. A follower that is cut
 * off is not told in words: its socket is full, or it would not be. One that does not follow is
 * given what it asked for, and as long to read it. */
#define _GNU_SOURCE
#include "follower.h"
#include "ring.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
  QUEUED_MAX = 224 * 1024,        /* more than this waits for a follower: it skips */
  QUEUED_TOTAL = 8 * 1024 * 1024, /* of all followers, shared evenly: others need room, too */
  TAKEN_MAX = 512 * 1024,         /* in WINDOW_MS, by all followers together */
  TAKEN_MIN = 16 * 1024,          /* by one of them, however many there are */
  WINDOW_MS = 50,
  PATIENCE_MS = 10000,
  LOOK_MS = 1000,
};

bool logs_followed;
struct follower *followers;
static size_t following, waiting; /* those that follow; those that skip or end */

static void set_state(struct follower *f, enum state state) {
  following += (state <= SKIPS) - (f->state <= SKIPS);
  waiting += (state == SKIPS || state == ENDS) - (f->state == SKIPS || f->state == ENDS);
  logs_followed = following > 0;
  f->state = state;
  f->progress_ms = now_ms();
  f->look_ms = f->progress_ms + LOOK_MS;
  f->least = SIZE_MAX;
}

bool follower_say(struct follower *f, const char *sender, const char *text) {
  char line[128];
  int n = snprintf(line, sizeof line, "%lld %s %s\n", (long long)wall_ms(), sender, text);
  return client_put(f->client, line, (size_t)n);
}

void follower_skip(struct follower *f, double now) {
  set_state(f, SKIPS);
  f->skips_ms = now;
  f->skipped = 0;
}

static bool tell_skipped(struct follower *f) {
  if (f->skipped == 0) return true;
  char text[64];
  snprintf(text, sizeof text, "skipped %llu bytes", (unsigned long long)f->skipped);
  return follower_say(f, "!", text);
}

static void resume_if_due(struct follower *f, double now) {
  if (client_queued(f->client) > 0 || now < f->skips_ms + WINDOW_MS) return;
  if (!tell_skipped(f)) {
    f->skips_ms = now;
    return;
  }
  f->window_bytes = 0;
  set_state(f, TAKES);
}

/* What it has not read, in our queue and in its socket. */
static size_t unread(const struct follower *f) {
  int in_socket = 0;
  ioctl(f->client->fd, TIOCOUTQ, &in_socket);
  return client_queued(f->client) + (size_t)in_socket;
}

/* Looks once a second, since that is a system call. */
static void cut_off_if_stuck(struct follower *f, double now) {
  if (now < f->look_ms) return;
  f->look_ms = now + LOOK_MS;
  size_t left = unread(f);
  if (left < f->least) {
    f->least = left;
    f->progress_ms = now;
  }
  if (client_queued(f->client) == 0 || now < f->progress_ms + PATIENCE_MS) return;
  set_state(f, OVER);
  client_cut_off(f->client);
}

void follower_look(struct follower *f, double now) {
  if (f->state == SKIPS) resume_if_due(f, now);
  if (f->state == SKIPS || f->state == ENDS) cut_off_if_stuck(f, now);
}

static void end_if_read(struct follower *f) {
  if (client_queued(f->client) > 0) return;
  set_state(f, OVER);
  client_end(f->client);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

bool follower_is_full(struct follower *f, double now) {
  if (now >= f->window_ms + WINDOW_MS) {
    f->window_ms = now;
    f->window_bytes = 0;
  }
  size_t may_wait = least(QUEUED_MAX, QUEUED_TOTAL / following) + f->past_bytes;
  size_t may_take = TAKEN_MAX / following > TAKEN_MIN ? TAKEN_MAX / following : TAKEN_MIN;
  return client_queued(f->client) > may_wait || f->window_bytes > may_take;
}

struct follower *follower_new(struct client *client, const struct logs_spec *spec) {
  size_t bytes = 0;
  for (size_t i = 0; i < spec->count; i++) bytes += strlen(spec->daemons[i]) + 1;
  struct follower *f = calloc(1, sizeof *f + spec->count * sizeof *f->names + bytes);
  if (!f) return NULL;
  char *to = (char *)&f->names[spec->count];
  for (size_t i = 0; i < spec->count; i++) {
    f->names[i] = to;
    to = stpcpy(to, spec->daemons[i]) + 1;
  }
  f->client = client;
  f->state = OVER;
  f->spec = *spec;
  f->spec.daemons = f->names;
  logs_sort_names(&f->spec);
  f->next = followers;
  followers = f;
  client->stream = f;
  return f;
}

void follower_start(struct follower *f) {
  set_state(f, f->spec.follow ? TAKES : ENDS);
  if (!f->spec.follow) end_if_read(f);
  client_watch(f->client);
}

void follower_free(struct follower *f) {
  struct follower **link = &followers;
  while (*link != f) link = &(*link)->next;
  set_state(f, OVER);
  *link = f->next;
  f->client->stream = NULL;
  free(f);
}

void logs_client_drained(struct client *client) {
  struct follower *f = client->stream;
  if (f->past_bytes) client_drop_queue(client); /* So much room will not be needed again. */
  f->past_bytes = 0;
  if (f->state == SKIPS) resume_if_due(f, now_ms());
  if (f->state == ENDS) end_if_read(f);
}

void logs_client_gone(struct client *client) { follower_free(client->stream); }

double logs_wake_ms(void) {
  double at = INFINITY;
  if (waiting == 0) return at;
  for (const struct follower *f = followers; f; f = f->next) {
    if (f->state != SKIPS && f->state != ENDS) continue;
    bool read = f->state == SKIPS && client_queued(f->client) == 0;
    at = fmin(at, read ? f->skips_ms + WINDOW_MS : f->look_ms);
  }
  return at;
}

void logs_turn(void) {
  double now = now_ms();
  if (now < logs_wake_ms()) return;
  for (struct follower *f = followers; f; f = f->next) follower_look(f, now);
}

void logs_finish(void) {
  for (struct follower *f = followers; f; f = f->next) {
    if (f->state > SKIPS) continue;
    if (f->state == TAKES || tell_skipped(f)) follower_say(f, ".", "end");
    set_state(f, OVER);
  }
}
