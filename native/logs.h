/* `logs`: what daemons printed and print, to clients. */
#ifndef PITCREW_LOGS_H
#define PITCREW_LOGS_H

#include "client.h"
#include "lines.h"

struct logs_spec {
  const char **daemons; /* sorted by logs_sort_names; "-" = pitcrew's own lines */
  size_t count;         /* 0 = all, and pitcrew's own */
  int64_t tail;         /* lines of each from the past; -1 = all that are kept */
  int64_t since_ms;
  bool follow;
};

/* What clients follow, so that nobody else costs anything. */
extern bool logs_followed;

/* 0 or errno; then the client is as it was. */
int logs_stream(struct client *client, const struct logs_spec *spec);
/* Text of a daemon that was read now and is not formatted yet: `lines` knows what came before it.
 */
void logs_hear(const struct lines *lines, const unsigned char *text, size_t bytes, int64_t wall_ms);
/* A line of a daemon that was ended early: there was no memory for more of it. */
void logs_hear_line(const struct lines *lines, const unsigned char *piece, size_t bytes);
/* pitcrew's own, whole lines. */
void logs_hear_own(const char *text, size_t bytes, int64_t wall_ms);
/* When it has something to do; infinite = never. */
double logs_wake_ms(void);
void logs_turn(void);
void logs_finish(void); /* nothing more will come */

/* ---- snapshot.c: lines of the past, merged in the order in which they were read. */

struct snapshot {
  unsigned char *memory; /* to be freed */
  const unsigned char *text;
  size_t bytes;
  uint64_t left_out; /* lines for which there was no room: the oldest */
};
/* False: no memory. */
bool snapshot_take(const struct logs_spec *spec, struct snapshot *snapshot);
void logs_sort_names(struct logs_spec *spec);
bool logs_wants(const struct logs_spec *spec, const char *daemon);
/* Writes "<wall ms> <daemon> " and returns its length, at most LOGS_PREFIX_MAX. */
enum { LOGS_PREFIX_MAX = 24 + NAME_BYTES_MAX, LOGS_SNAPSHOT_BYTES = 512 * 1024 };
size_t logs_prefix(char *to, int64_t wall_ms, const char *daemon);

#endif
