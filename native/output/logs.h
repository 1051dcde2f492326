/* What daemons printed and print, to clients. */
#ifndef PITCREW_OUTPUT_LOGS_H
#define PITCREW_OUTPUT_LOGS_H

#include "output/line.h"
#include "output/snapshot.h"

struct client;

/* False while no client follows: then text need not be passed to the functions below. */
extern bool logs_followed;

/* 0 or errno; then the client is as it was. */
int logs_stream(struct client *client, const struct logs_spec *spec);
/* Text of a daemon that was read now and is not formatted yet: `lines` knows what came before it.
 */
void logs_add(const struct lines *lines, const unsigned char *text, size_t bytes, int64_t wall_ms);
/* A line of a daemon that was ended early: there was no memory for more of it. */
void logs_add_line(const struct lines *lines, const unsigned char *piece, size_t bytes);
/* pitcrew's own, whole lines. */
void logs_add_own(const char *text, size_t bytes, int64_t wall_ms);

/* Of a client with a stream: its queue is empty; it is about to be freed. */
void logs_client_drained(struct client *client);
void logs_client_gone(struct client *client);

double logs_wake_ms(void); /* INFINITY = never */
void logs_turn(void);
void logs_finish(void); /* nothing more will come */

#endif
