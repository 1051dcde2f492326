/* Messages of sd_notify(3). */
#ifndef PITCREW_HEALTH_NOTIFY_H
#define PITCREW_HEALTH_NOTIFY_H

#include "base/arena.h"

#include <stdbool.h>

struct run;

/* A socket whose name is in `envp` as NOTIFY_SOCKET, where there must be room for one more entry.
 * -1: see errno. */
int notify_open(struct arena *arena, char **envp);

/* The fields that are passed on; of one that is there several times the last. */
enum { NOTIFY_READY, NOTIFY_FIELDS = 7 };
extern const char *const notify_names[NOTIFY_FIELDS];
struct notify_field {
  const char *value; /* in the text; NULL = it is not there */
  size_t bytes;
};
/* Splits a message of the run, whatever way it came, and keeps for live() that the run is ready if
 * the message says so. False: it has none of these fields, or is no text. */
bool notify_read(struct run *run, const char *text, size_t bytes, struct notify_field *fields);

#endif
