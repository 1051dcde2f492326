/* Daemons' lines, to clients: some of the past (snapshot.c), then, to followers (follower.c), each
 * line when it is whole, as "<wall ms> <daemon> <text>". Text is looked at when it is read, also
 * where stdout is full: the past and what follows it meet there, so that no line is given twice. */
#define _GNU_SOURCE
#include "follower.h"
#include "ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 32 * 1024 }; /* passed on at once, or one line more */

/* Whole lines of one daemon, on their way to followers. */
static unsigned char block[BLOCK_BYTES + LOGS_PREFIX_MAX + LINE_BYTES_MAX + 1];
static size_t block_bytes;

size_t logs_prefix(char *to, int64_t ms, const char *daemon) {
  return (size_t)snprintf(to, LOGS_PREFIX_MAX, "%lld %s ", (long long)ms, daemon);
}

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

void logs_hear(const struct lines *lines, const unsigned char *text, size_t bytes, int64_t ms) {
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

void logs_hear_line(const struct lines *lines, const unsigned char *piece, size_t bytes) {
  if (!choose(lines->daemon, lines->partial_bytes + bytes)) return;
  block_bytes = logs_prefix((char *)block, wall_ms(), lines->daemon);
  add_to_block(lines->partial, lines->partial_bytes);
  add_to_block(piece, bytes);
  add_to_block("\n", 1);
  pass_on(lines->partial_bytes + bytes, 0);
}

void logs_hear_own(const char *text, size_t bytes, int64_t ms) {
  const struct lines own = {.daemon = "-"};
  logs_hear(&own, (const unsigned char *)text, bytes, ms);
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
