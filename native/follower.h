/* A client that is given daemons' lines; between logs.c and follower.c. */
#ifndef PITCREW_FOLLOWER_H
#define PITCREW_FOLLOWER_H

#include "logs.h"

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

extern struct follower *followers;

/* NULL: no memory. It is in the list, and OVER. */
struct follower *follower_new(struct client *client, const struct logs_spec *spec);
void follower_start(struct follower *f);
void follower_free(struct follower *f);
/* It has as much as it may have at once. */
bool follower_is_full(struct follower *f, double now);
/* From now on; what it misses is counted in `skipped`. */
void follower_skip(struct follower *f, double now);
/* A follower that skips goes on when it is time, or is cut off. */
void follower_look(struct follower *f, double now);
/* A line of our own about the stream: "!" is a notice, "." the end of it. */
bool follower_say(struct follower *f, const char *sender, const char *text);

#endif
