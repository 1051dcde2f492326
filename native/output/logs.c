/* Daemons' lines, to clients: some of the past (snapshot.c), then, to followers, each line when it
 * is whole, as "<wall ms> <daemon> <text>". Text is passed on when it is read, also where stdout is
 * full: the past and what follows it meet there, so that no line is given twice.
 *
 *             a chunk             more than it may have at once
 *   pump.c ────────────▶ TAKES ────────────────────────────────▶ SKIPS
 *                          ▲   all is read, and 50 ms have passed:│ nothing is read for 10 s:
 *                          └──────── "! skipped N bytes" ◀────────┴──────▶ cut off
 *
 * What is skipped costs no more than a look at the chunk's end, and what is taken in 50 ms is
 * bounded for all followers together, so they never slow the pump by much. A follower that is cut
 * off gets no notice: its socket is full. A client that does not follow is given what it asked for,
 * and as long to read it. */
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

enum state { TAKES, SKIPS, ENDS, OVER }; /* ENDS: what is queued is all that it gets */

struct follower {
  struct client *client;
  struct follower *next;
  enum state state;
  bool takes;            /* this chunk */
  size_t past_bytes;     /* of the snapshot, until all is read */
  double window_ms;      /* when it began */
  size_t window_bytes;   /* that were taken in it */
  uint64_t skipped;      /* bytes of whole lines */
  double skips_ms;       /* since when */
  double progress_ms;    /* when it was last seen to have read something */
  size_t least;          /* that it had not read, so far */
  double look_ms;        /* when to look again */
  struct logs_spec spec; /* its names lie behind */
  const char *names[];
};

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
static struct follower *followers;
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

static bool follower_say(struct follower *f, const char *sender, const char *text) {
  char line[128];
  int n = snprintf(line, sizeof line, "%lld %s %s\n", (long long)wall_ms(), sender, text);
  return client_put(f->client, line, (size_t)n);
}

static void follower_skip(struct follower *f, double now) {
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

static void follower_look(struct follower *f, double now) {
  if (f->state == SKIPS) resume_if_due(f, now);
  if (f->state == SKIPS || f->state == ENDS) cut_off_if_stuck(f, now);
}

static void end_if_read(struct follower *f) {
  if (client_queued(f->client) > 0) return;
  set_state(f, OVER);
  client_end(f->client);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static bool follower_is_full(struct follower *f, double now) {
  if (now >= f->window_ms + WINDOW_MS) {
    f->window_ms = now;
    f->window_bytes = 0;
  }
  size_t may_wait = least(QUEUED_MAX, QUEUED_TOTAL / following) + f->past_bytes;
  size_t may_take = TAKEN_MAX / following > TAKEN_MIN ? TAKEN_MAX / following : TAKEN_MIN;
  return client_queued(f->client) > may_wait || f->window_bytes > may_take;
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
  f->state = OVER;
  f->spec = *spec;
  f->spec.daemons = f->names;
  logs_sort_names(&f->spec);
  f->next = followers;
  followers = f;
  client->stream = f;
  return f;
}

static void follower_start(struct follower *f) {
  set_state(f, f->spec.follow ? TAKES : ENDS);
  if (!f->spec.follow) end_if_read(f);
  client_watch(f->client);
}

static void follower_free(struct follower *f) {
  struct follower **link = &followers;
  while (*link != f) link = &(*link)->next;
  set_state(f, OVER);
  *link = f->next;
  f->client->stream = NULL;
  free(f);
}

enum { BLOCK_BYTES = 32 * 1024 }; /* passed on at once, or one line more */

/* Whole lines of one daemon, on their way to followers. */
static unsigned char block[BLOCK_BYTES + LOGS_PREFIX_MAX + LINE_BYTES_MAX + 1];
static size_t block_bytes;

/* ---- What is read, to those that follow */

/* Of text that is read now, behind an unfinished line of `before` bytes: how many bytes of lines
 * end in it. As line_cut() in lines.h does it, in one look. */
static size_t ended_bytes(size_t before, const unsigned char *text, size_t bytes) {
  const unsigned char *newline = memrchr(text, '\n', bytes);
  size_t rest = newline ? (size_t)(text + bytes - newline) - 1 : before + bytes;
  size_t kept = rest ? (rest - 1) % LINE_BYTES_MAX + 1 : 0;
  return before + bytes - kept;
}

/* Who takes lines of this daemon now; the others' are counted. False: nobody. */
static bool choose(const char *daemon, size_t ended) {
  double now = now_ms();
  bool any = false;
  for (struct follower *f = followers; f; f = f->next) {
    f->takes = false;
    if (f->state > SKIPS || !logs_wants(&f->spec, daemon)) continue;
    follower_look(f, now);
    if (f->state == TAKES && follower_is_full(f, now)) follower_skip(f, now);
    if (f->state == SKIPS) f->skipped += ended;
    f->takes = f->state == TAKES;
    any |= f->takes;
  }
  return any;
}

/* Gives them what is in the block; whoever has enough then skips the `left` bytes that follow.
 * False: nobody is left. */
static bool pass_on(size_t in_block, size_t left) {
  double now = now_ms();
  bool any = false;
  for (struct follower *f = followers; f; f = f->next) {
    if (!f->takes) continue;
    bool taken = client_put(f->client, block, block_bytes);
    if (taken) f->window_bytes += block_bytes;
    if (!taken || follower_is_full(f, now)) {
      follower_skip(f, now);
      f->skipped = left + (taken ? 0 : in_block);
      f->takes = false;
    }
    any |= f->takes;
  }
  block_bytes = 0;
  return any;
}

static void add_to_block(const void *bytes, size_t count) {
  if (count) memcpy(block + block_bytes, bytes, count);
  block_bytes += count;
}

void logs_add(const struct lines *lines, const unsigned char *text, size_t bytes, int64_t ms) {
  size_t before = lines->partial_bytes, left = ended_bytes(before, text, bytes), in_block = 0;
  if (left == 0 || !choose(lines->daemon, left)) return;
  char prefix[LOGS_PREFIX_MAX];
  size_t prefix_bytes = logs_prefix(prefix, ms, lines->daemon);
  for (size_t at = 0; left > 0;) {
    struct cut cut = line_cut(before, text + at, bytes - at);
    add_to_block(prefix, prefix_bytes);
    add_to_block(lines->partial, before);
    add_to_block(text + at, cut.bytes);
    add_to_block("\n", 1);
    size_t ended = before + cut.bytes + cut.newline;
    in_block += ended;
    left -= ended;
    at += cut.bytes + cut.newline;
    before = 0;
    if (block_bytes < BLOCK_BYTES && left > 0) continue;
    if (!pass_on(in_block, left)) return;
    in_block = 0;
  }
}

void logs_add_line(const struct lines *lines, const unsigned char *piece, size_t bytes) {
  if (!choose(lines->daemon, lines->partial_bytes + bytes)) return;
  block_bytes = logs_prefix((char *)block, wall_ms(), lines->daemon);
  add_to_block(lines->partial, lines->partial_bytes);
  add_to_block(piece, bytes);
  add_to_block("\n", 1);
  pass_on(lines->partial_bytes + bytes, 0);
}

void logs_add_own(const char *text, size_t bytes, int64_t ms) {
  const struct lines own = {.daemon = "-"};
  logs_add(&own, (const unsigned char *)text, bytes, ms);
}

/* ---- The beginning */

static bool tell_past(struct follower *f, const struct snapshot *past) {
  char text[64];
  snprintf(text, sizeof text, "%llu older lines left out", (unsigned long long)past->left_out);
  return (!past->left_out || follower_say(f, "!", text)) &&
         client_put(f->client, past->text, past->bytes) &&
         (f->spec.follow || follower_say(f, ".", "end"));
}

int logs_stream(struct client *client, const struct logs_spec *spec) {
  if (client->stream) return EBUSY;
  struct follower *f = follower_new(client, spec);
  if (!f) return ENOMEM;
  struct snapshot past;
  int error = ENOMEM;
  if (snapshot_take(&f->spec, &past)) {
    error = tell_past(f, &past) ? 0 : ENOBUFS;
    f->past_bytes = past.bytes;
    free(past.memory);
  }
  if (error)
    follower_free(f);
  else
    follower_start(f);
  return error;
}

/* ---- The loop's and the client's side */

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
