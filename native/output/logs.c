/* Log lines for clients: first past lines (snapshot.c), then, for followers, each line when it is
 * complete, as "<wall ms> <daemon> <text>". Text is passed on when it is read, even if stdout is
 * full: the past ends there and following begins there, so no line is sent twice.
 *
 *            a chunk               more than it may get at once
 *   pump.c ──────────> RECEIVING ───────────────────────────────> SKIPPING
 *                          ^     all is read, 50 ms have passed:   │  reads nothing for 10 s:
 *                          └─────── "! skipped N bytes" <──────────┴────────> cut off
 *
 * The memory for all streams is bounded. No client is cut off for it: live text is skipped, past
 * lines are left out, and a part is kept for those that read.
 *
 * Skipping costs one search in a chunk, and what all followers together get per 50 ms is bounded,
 * so they slow the pump only a little. A follower that is cut off gets no notice, because its
 * socket is full. A client that does not follow is sent what it asked for, and has the same time
 * to read it. */
#define _GNU_SOURCE
#include "output/logs.h"
#include "base/clock.h"
#include "control/client.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum state { RECEIVING, SKIPPING, DRAINING, ENDED }; /* DRAINING: gets the rest of its queue */

struct follower {
  struct client *client;
  struct follower *next;
  enum state state;
  bool is_selected;      /* to get this chunk */
  size_t past_bytes;     /* of the snapshot, until all of it is read */
  double window_ms;      /* its begin */
  size_t window_bytes;   /* sent in it */
  uint64_t skipped;      /* bytes, in whole lines */
  double skips_ms;       /* begin of skipping */
  double progress_ms;    /* of the last check that showed progress */
  size_t least_unread;   /* the least unread bytes so far */
  double check_ms;       /* the next check */
  struct logs_spec spec; /* its names follow */
  const char *names[];
};

enum {
  QUEUED_MAX = 224 * 1024,              /* with more in its queue, a follower skips */
  QUEUED_TOTAL = STREAMS_QUEUE_MAX / 2, /* of all followers, shared evenly */
  TAKEN_MAX = 512 * 1024,               /* per WINDOW_MS, for all followers together */
  TAKEN_MIN = 16 * 1024,                /* for each, however many there are */
  WINDOW_MS = 50,
  PATIENCE_MS = 10000,
  CHECK_MS = 1000,
};

bool logs_followed;
static struct follower *followers;
static size_t following, waiting; /* RECEIVING or SKIPPING; SKIPPING or DRAINING */

static void set_state(struct follower *f, enum state state) {
  following += (state <= SKIPPING) - (f->state <= SKIPPING);
  waiting +=
      (state == SKIPPING || state == DRAINING) - (f->state == SKIPPING || f->state == DRAINING);
  logs_followed = following > 0;
  f->state = state;
  f->progress_ms = now_ms();
  f->check_ms = f->progress_ms + CHECK_MS;
  f->least_unread = SIZE_MAX;
}

static bool follower_notice(struct follower *f, const char *sender, const char *text) {
  char line[128];
  int n = snprintf(line, sizeof line, "%lld %s %s\n", (long long)wall_ms(), sender, text);
  return client_put(f->client, line, (size_t)n);
}

static void follower_skip(struct follower *f, double now) {
  set_state(f, SKIPPING);
  f->skips_ms = now;
  f->skipped = 0;
}

static bool report_skipped(struct follower *f) {
  if (f->skipped == 0) return true;
  char text[64];
  snprintf(text, sizeof text, "skipped %llu bytes", (unsigned long long)f->skipped);
  return follower_notice(f, "!", text);
}

static void resume_if_due(struct follower *f, double now) {
  if (client_queued(f->client) > 0 || now < f->skips_ms + WINDOW_MS) return;
  if (!report_skipped(f)) {
    f->skips_ms = now;
    return;
  }
  f->window_bytes = 0;
  set_state(f, RECEIVING);
}

/* Unread bytes, in our queue and in its socket. */
static size_t unread_bytes(const struct follower *f) {
  int in_socket = 0;
  ioctl(f->client->fd, TIOCOUTQ, &in_socket);
  return client_queued(f->client) + (size_t)in_socket;
}

/* Checks once a second, because a check is a system call. */
static void cut_off_if_stuck(struct follower *f, double now) {
  if (now < f->check_ms) return;
  f->check_ms = now + CHECK_MS;
  size_t left = unread_bytes(f);
  if (left < f->least_unread) {
    f->least_unread = left;
    f->progress_ms = now;
  }
  if (client_queued(f->client) == 0 || now < f->progress_ms + PATIENCE_MS) return;
  set_state(f, ENDED);
  client_cut_off(f->client);
}

static void follower_check(struct follower *f, double now) {
  if (f->state == SKIPPING) resume_if_due(f, now);
  if (f->state == SKIPPING || f->state == DRAINING) cut_off_if_stuck(f, now);
}

static void end_if_read(struct follower *f) {
  if (client_queued(f->client) > 0) return;
  set_state(f, ENDED);
  client_end(f->client);
}

static size_t smaller_of(size_t a, size_t b) { return a < b ? a : b; }

/* It has got what it may get in this window. */
static bool window_is_full(struct follower *f, double now) {
  if (now >= f->window_ms + WINDOW_MS) {
    f->window_ms = now;
    f->window_bytes = 0;
  }
  size_t may_take = TAKEN_MAX / following > TAKEN_MIN ? TAKEN_MAX / following : TAKEN_MIN;
  return f->window_bytes > may_take;
}

/* An empty queue has room for a line of any length. */
static bool has_room(const struct follower *f, size_t bytes) {
  size_t queued = client_queued(f->client);
  size_t may_wait = smaller_of(QUEUED_MAX, QUEUED_TOTAL / following) + f->past_bytes;
  return queued == 0 || queued + bytes <= may_wait;
}

static struct follower *follower_new(struct client *client, const struct logs_spec *spec) {
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
  f->state = ENDED;
  f->spec = *spec;
  f->spec.daemons = f->names;
  logs_sort_names(&f->spec);
  if (!client_set_stream(client, f)) return free(f), NULL;
  f->next = followers;
  followers = f;
  return f;
}

static void follower_start(struct follower *f) {
  set_state(f, f->spec.follow ? RECEIVING : DRAINING);
  if (!f->spec.follow) end_if_read(f);
  client_update_events(f->client);
}

static void follower_free(struct follower *f) {
  struct follower **link = &followers;
  while (*link != f) link = &(*link)->next;
  set_state(f, ENDED);
  *link = f->next;
  client_set_stream(f->client, NULL);
  free(f);
}

/* Whole lines of one daemon that are passed on to followers at once: a line of any length, or
 * several lines, which are at most block_bytes_max() long. */
static unsigned char block[LOGS_PREFIX_MAX + LINE_BYTES_MAX + 1];
static size_t block_bytes;

enum { BLOCK_BYTES = 32 * 1024 };

/* So that the queue of each follower has room for two, and always has room for one. */
static size_t block_bytes_max(void) {
  size_t share = smaller_of(BLOCK_BYTES, QUEUED_TOTAL / 2 / following);
  return smaller_of(share, client_stream_room());
}

/* ---- new text, to followers */

/* The bytes of lines that end in new text, which follows an unfinished line of `before` bytes. The
 * same rule as line_cut(), in one search. */
static size_t ended_bytes(size_t before, const unsigned char *text, size_t bytes) {
  const unsigned char *newline = memrchr(text, '\n', bytes);
  size_t rest = newline ? (size_t)(text + bytes - newline) - 1 : before + bytes;
  size_t kept = rest ? (rest - 1) % LINE_BYTES_MAX + 1 : 0;
  return before + bytes - kept;
}

/* Selects the followers that get lines of this daemon now, and counts the bytes for those that
 * skip. False: none is selected. */
static bool select_followers(const char *daemon, size_t ended) {
  double now = now_ms();
  bool any = false;
  for (struct follower *f = followers; f; f = f->next) {
    f->is_selected = false;
    if (f->state > SKIPPING || !logs_wants(&f->spec, daemon)) continue;
    follower_check(f, now);
    if (f->state == RECEIVING && window_is_full(f, now)) follower_skip(f, now);
    if (f->state == SKIPPING) f->skipped += ended;
    f->is_selected = f->state == RECEIVING;
    any |= f->is_selected;
  }
  return any;
}

/* Queues the block. False: what the follower has not read leaves no room for it. */
static bool take_block(struct follower *f) {
  if (!has_room(f, block_bytes)) client_flush(f->client);
  return has_room(f, block_bytes) && client_put(f->client, block, block_bytes);
}

/* Sends the block to the selected followers. A follower that has no room for it, or has got all
 * that it may get now, skips the `left` bytes that follow. False: none is left. */
static bool flush_block(size_t in_block, size_t left) {
  double now = now_ms();
  bool any = false;
  for (struct follower *f = followers; f; f = f->next) {
    if (!f->is_selected) continue;
    bool taken = take_block(f);
    if (taken) f->window_bytes += block_bytes;
    if (!taken || window_is_full(f, now)) {
      follower_skip(f, now);
      f->skipped = left + (taken ? 0 : in_block);
      f->is_selected = false;
    }
    any |= f->is_selected;
  }
  block_bytes = 0;
  return any;
}

static void append_block(const void *bytes, size_t count) {
  if (count) memcpy(block + block_bytes, bytes, count);
  block_bytes += count;
}

void logs_add(const struct lines *lines, const unsigned char *text, size_t bytes, int64_t ms) {
  size_t before = lines->partial_bytes, left = ended_bytes(before, text, bytes), in_block = 0;
  if (left == 0 || !select_followers(lines->daemon, left)) return;
  char prefix[LOGS_PREFIX_MAX];
  size_t prefix_bytes = logs_prefix(prefix, ms, lines->daemon);
  size_t bytes_max = block_bytes_max();
  for (size_t at = 0; left > 0;) {
    struct cut cut = line_cut(before, text + at, bytes - at);
    size_t line_bytes = prefix_bytes + before + cut.bytes + 1;
    if (block_bytes > 0 && block_bytes + line_bytes > bytes_max) {
      if (!flush_block(in_block, left)) return;
      in_block = 0;
      bytes_max = block_bytes_max();
    }
    append_block(prefix, prefix_bytes);
    append_block(lines->partial, before);
    append_block(text + at, cut.bytes);
    append_block("\n", 1);
    size_t ended = before + cut.bytes + cut.newline;
    in_block += ended;
    left -= ended;
    at += cut.bytes + cut.newline;
    before = 0;
  }
  flush_block(in_block, 0);
}

void logs_add_line(const struct lines *lines, const unsigned char *piece, size_t bytes) {
  if (!select_followers(lines->daemon, lines->partial_bytes + bytes)) return;
  block_bytes = logs_prefix((char *)block, wall_ms(), lines->daemon);
  append_block(lines->partial, lines->partial_bytes);
  append_block(piece, bytes);
  append_block("\n", 1);
  flush_block(lines->partial_bytes + bytes, 0);
}

void logs_add_own(const char *text, size_t bytes, int64_t ms) {
  const struct lines own = {.daemon = "-"};
  logs_add(&own, (const unsigned char *)text, bytes, ms);
}

/* ---- a new stream */

enum { NOTICES_BYTES = 256 }; /* before and after the past */

static bool send_past(struct follower *f, const struct snapshot *past) {
  char text[64];
  snprintf(text, sizeof text, "%llu older lines left out", (unsigned long long)past->left_out);
  return (!past->left_out || follower_notice(f, "!", text)) &&
         client_put(f->client, past->text, past->bytes) &&
         (f->spec.follow || follower_notice(f, ".", "end"));
}

int logs_stream(struct client *client, const struct logs_spec *spec) {
  if (client->stream) return EBUSY;
  client_flush(client);
  struct follower *f = follower_new(client, spec);
  if (!f) return ENOMEM;
  struct snapshot past;
  int error = ENOMEM;
  if (snapshot_take(&f->spec, client_stream_room() - NOTICES_BYTES, &past)) {
    error = send_past(f, &past) ? 0 : ENOBUFS;
    free(past.memory);
    client_fit_queue(client);
    f->past_bytes = client_queued(client);
  }
  if (error)
    follower_free(f);
  else
    follower_start(f);
  return error;
}

/* ---- for the loop and the clients */

void logs_client_drained(struct client *client) {
  struct follower *f = client->stream;
  if (f->past_bytes) client_drop_queue(client); /* A buffer of this size is not needed again. */
  f->past_bytes = 0;
  if (f->state == SKIPPING) resume_if_due(f, now_ms());
  if (f->state == DRAINING) end_if_read(f);
}

void logs_client_gone(struct client *client) { follower_free(client->stream); }

double logs_wake_ms(void) {
  double at = INFINITY;
  if (waiting == 0) return at;
  for (const struct follower *f = followers; f; f = f->next) {
    if (f->state != SKIPPING && f->state != DRAINING) continue;
    bool read = f->state == SKIPPING && client_queued(f->client) == 0;
    at = fmin(at, read ? f->skips_ms + WINDOW_MS : f->check_ms);
  }
  return at;
}

void logs_turn(void) {
  double now = now_ms();
  if (now < logs_wake_ms()) return;
  for (struct follower *f = followers; f; f = f->next) follower_check(f, now);
}

void logs_finish(void) {
  for (struct follower *f = followers; f; f = f->next) {
    if (f->state > SKIPPING) continue;
    if (f->state == RECEIVING || report_skipped(f)) follower_notice(f, ".", "end");
    set_state(f, ENDED);
  }
}
