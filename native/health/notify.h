/* Messages of sd_notify(3). */
#ifndef PITCREW_HEALTH_NOTIFY_H
#define PITCREW_HEALTH_NOTIFY_H

#include "base/arena.h"

#include <stdbool.h>

struct run;

/* Opens a socket and puts its name into `envp` as NOTIFY_SOCKET, which needs room for one entry.
 * -1: see errno. */
int notify_open(struct arena *arena, char **envp);

/* The fields that are passed on; the last one of each name counts. */
enum { NOTIFY_READY, NOTIFY_FIELDS = 7 };
extern const char *const notify_names[NOTIFY_FIELDS];
struct notify_field {
  const char *value; /* in the text; NULL = missing */
  size_t bytes;
};
/* Splits a message of the run, from either channel, and marks the run as ready if the message says
 * so. False: it has none of these fields, or is not text. */
bool notify_read(struct run *run, const char *text, size_t bytes, struct notify_field *fields);

#endif
