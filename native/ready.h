/* What a run says of itself through a descriptor of its own. */
#ifndef PITCREW_READY_H
#define PITCREW_READY_H

#include "arena.h"
#include "host.h"

/* A socket whose name is in `envp` as NOTIFY_SOCKET, where there must be room for one more entry.
 * -1: see errno. */
int notify_open(struct arena *arena, char **envp);

/* The channel of a run gets this descriptor (-1 = none), whatever comes of it; false: it cannot be
 * watched. */
bool channel_add(struct channel *channel, int fd);
/* It is readable, one of so many that are. */
void channel_hear(struct channel *channel, int ready_count);
void channels_drain(struct run *run); /* what has been said is told now */
void channels_close(struct run *run);

/* The fields of sd_notify(3) that are passed on; of one that is there several times the last. */
enum { NOTIFY_READY, NOTIFY_FIELDS = 7 };
extern const char *const notify_names[NOTIFY_FIELDS];
struct notify_field {
  const char *value; /* in the text; NULL = it is not there */
  size_t bytes;
};
/* Splits a message of the run, whatever way it came, and keeps for live() that the run is ready if
 * the message says so. False: it has none of these fields, or is no text. */
bool notify_read(struct run *run, const char *text, size_t bytes, struct notify_field *fields);
void event_notify(const struct run *run, const struct notify_field *fields);

/* It said so, by whatever channel it has: told once. */
void run_said_ready(struct run *run);

#endif
