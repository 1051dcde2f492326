/* The connections of the control plane. Lines come in (client_input.c), bytes go out; their meaning
 * is not known here.
 *
 * A client is gone when it has closed its end or half of it: EOF means gone, like a hangup. Input
 * that it sent before is read first, unless it does not read its answers; answers that were given
 * at once were sent by then. No function below reports anything itself: clients_turn() does. */
#ifndef PITCREW_CONTROL_CLIENT_H
#define PITCREW_CONTROL_CLIENT_H

#include "control/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CLIENTS_MAX = 2048,                  /* without those of daemons */
  CLIENT_QUEUE_MAX = 1024 * 1024,      /* per client */
  ANSWERS_QUEUE_MAX = 8 * 1024 * 1024, /* of all clients without a stream */
  STREAMS_QUEUE_MAX = 6 * 1024 * 1024, /* of all streams; */
  STREAM_QUEUE_MIN = 1024,             /* each may have this much beyond it */
  CLIENT_READ_UP_TO = 256 * 1024,      /* with more than this in its queue, a client is not read */
};

struct client {
  int64_t id;
  int fd;        /* -1 = closed, to be freed */
  uint32_t mask; /* the events that epoll reports */
  struct client *next_in_bucket, *next_scheduled;
  struct run *run; /* the run with this PITCREW_FD; NULL = none, or the run is over */
  void *stream;    /* see client_set_stream */
  unsigned char *out;
  uint32_t out_start, out_end, out_room;
  char *in; /* the beginning of a line; NULL = there is none */
  uint32_t in_bytes, in_room;
  double ends_at_ms; /* if `ending` */
  enum client_way way : 8;
  bool scheduled;    /* for the next turn: to be reported, or to be sent to */
  bool reported;     /* the policy knows of it */
  bool input_closed; /* it is not read any more */
  bool sends_content; /* its input is no lines: see content.h */
  bool ending;       /* client_end was called */
  bool gone, lagged;
  bool from_run; /* its peer is a process of a daemon */
};

/* ---- the table */

/* NULL: there is no such client, or it is gone or ending. */
struct client *client_find(int64_t id);
struct client *client_next(const struct client *before); /* iterates over all, from NULL to NULL */
int clients_set(void); /* the epoll set of all clients; -1: see errno */
/* Takes a connected socket. NULL: see errno; then the caller still owns the descriptor. */
struct client *client_new(int fd, enum client_way way, struct run *run);
int client_adopt(int fd); /* an inherited one: 0 or errno */
/* There is room for another client. `from_run`: its peer is a process of a daemon. */
bool clients_have_room(bool from_run);
void client_set_from_run(struct client *client);
/* Reports the client and its peer to the policy; NULL: it did not come through the socket. */
void client_report(struct client *client, const struct peer *peer);
void client_remove(struct client *client); /* closes it; does not free it */

/* ---- output */

/* Queues bytes. False: it is gone or ending, or a limit would be exceeded; then nothing is queued.
 * Large amounts are sent at once, the rest in the next turn. When answers exceed the limit of all
 * clients, the client with the longest queue is cut off; for a stream no client is. */
bool client_put(struct client *client, const void *bytes, size_t count);
bool client_put_line(struct client *client, const char *text, size_t bytes); /* adds a newline */
size_t client_queued(const struct client *client);
void client_flush(struct client *client);
void client_drop_queue(struct client *client);
void client_fit_queue(struct client *client); /* its buffer gets the size of what is left in it */

/* Makes a stream of logs.c of it, which is not read any more; NULL: a client as before. False: the
 * memory of streams is used up. */
bool client_set_stream(struct client *client, void *stream);
/* What a stream should get at once: an eighth of what all streams have left, so that something is
 * left for another one, and at least STREAM_QUEUE_MIN, which it gets in any case. */
size_t client_stream_room(void);

/* ---- events, scheduling, and the end of a client */

bool client_accepts_input(const struct client *client);
void client_update_events(struct client *client); /* of epoll, for its state */
void client_schedule(struct client *client);      /* for the next turn */
/* Removes the first scheduled client; NULL = none is left. And the number of them. */
struct client *client_take_scheduled(void);
size_t clients_scheduled(void);
/* Sends its queue for at most a second, then closes it. Not reported to the policy. */
void client_end(struct client *client);
/* It does not read its output: closed in the next turn, and reported as gone with `lagged`. */
void client_cut_off(struct client *client);
void client_set_gone(struct client *client); /* its peer has closed: reported in the next turn */
void client_run_over(struct run *run);       /* ends the connection of this run */
void clients_end(void);                      /* of all clients, soon: pitcrew ends */
size_t clients_ending(void);

#endif
