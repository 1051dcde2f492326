/* Streams of log lines to clients. */
#ifndef PITCREW_OUTPUT_LOGS_H
#define PITCREW_OUTPUT_LOGS_H

#include "output/line.h"
#include "output/snapshot.h"

struct client;

/* False while no client follows: then the functions below need not be called. */
extern bool logs_followed;

/* 0 or errno; on an error the client is unchanged. */
int logs_stream(struct client *client, const struct logs_spec *spec);
/* New text of a daemon that is not formatted yet; `lines` holds its unfinished line. */
void logs_add(const struct lines *lines, const unsigned char *text, size_t bytes, int64_t wall_ms);
/* A line that was ended early because there is no memory to store it. */
void logs_add_line(const struct lines *lines, const unsigned char *piece, size_t bytes);
/* pitcrew's own lines. */
void logs_add_own(const char *text, size_t bytes, int64_t wall_ms);

/* For a client with a stream: its queue is empty; it is about to be freed. */
void logs_client_drained(struct client *client);
void logs_client_gone(struct client *client);

double logs_wake_ms(void); /* INFINITY = never */
void logs_turn(void);
void logs_finish(void); /* no more text follows */

#endif
