/* The connections of our control plane, whatever way they came. Lines come in (client_input.c),
 * bytes go out; what they mean is not known here.
 *
 * A client is gone when it has closed its end or half of it: EOF means gone, as when it hung up.
 * What it had sent before is read first, unless it does not read its answers, and answers that were
 * given at once have been sent by then. Nothing of this ever happens inside a call of the functions
 * below: clients_turn() reports it. */
#ifndef PITCREW_CONTROL_CLIENT_H
#define PITCREW_CONTROL_CLIENT_H

#include "control/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CLIENTS_MAX = 2048,                   /* without those of daemons */
  CLIENT_QUEUE_MAX = 1024 * 1024,       /* of one client */
  CLIENTS_QUEUE_MAX = 16 * 1024 * 1024, /* of all of them */
  CLIENT_READ_UP_TO = 256 * 1024,       /* with more than this in its queue, a client is not read */
};

struct client {
  int64_t id;
  int fd;        /* -1 = closed, to be freed soon */
  uint32_t mask; /* what epoll is asked for */
  struct client *next_in_bucket, *next_waiting;
  struct run *run; /* whose PITCREW_FD this is; NULL = no run's, or the run is over */
  void *stream;    /* of logs.c; a client with one is not read any more */
  unsigned char *out;
  uint32_t out_start, out_end, out_room;
  char *in; /* the beginning of a line; NULL = there is none */
  uint32_t in_bytes, in_room;
  double ends_at_ms; /* when it is ending */
  enum client_way way : 8;
  bool waiting; /* something is to be reported of it, or to be sent */
  bool told;    /* the policy knows of it */
  bool deaf;    /* is not read any more */
  bool ending;  /* client_end was called */
  bool gone, lagged;
  bool of_run; /* a process of a daemon has made it */
};

/* ---- the table */

/* NULL: there is none of this id, or it is gone or ending. */
struct client *client_find(int64_t id);
struct client *client_next(const struct client *before); /* of all, from NULL to NULL */
int clients_set(void); /* the epoll set of all clients; -1: see errno */
/* Takes a socket that is connected. NULL: see errno; the descriptor is still the caller's. */
struct client *client_new(int fd, enum client_way way, struct run *run);
int client_adopt(int fd); /* an inherited one: 0 or errno */
/* Another one has room. `of_run`: it is of a process of a daemon. */
bool client_may_come(bool of_run);
void client_is_of_run(struct client *client);
/* Reports it to the policy, and its peer; NULL: it did not come through the socket. */
void client_tell(struct client *client, const struct peer *peer);
void client_remove(struct client *client); /* closes it; its memory is still there */

/* ---- what is sent */

/* Queues bytes. False: it is gone or ending, or the limit of its queue or of all queues would be
 * passed; nothing was queued. Much is sent at once, the rest in the next turn. */
bool client_put(struct client *client, const void *bytes, size_t count);
bool client_put_line(struct client *client, const char *text, size_t bytes); /* its end is added */
size_t client_queued(const struct client *client);
void client_flush(struct client *client);
void client_drop_queue(struct client *client);

/* ---- what it is ready for, and its end */

bool client_hears(const struct client *client);
void client_watch(struct client *client); /* asks epoll for what it is ready for */
void client_wait(struct client *client);  /* it has something to do in the next turn */
/* The first of those; NULL = none is left. And how many there are. */
struct client *client_take_waiting(void);
size_t clients_waiting(void);
/* Passes on what is queued for at most a second, then closes. Not reported to the policy. */
void client_end(struct client *client);
/* It does not read what it is sent: closed in the next turn, reported as gone with `lagged`. */
void client_cut_off(struct client *client);
void client_gone(struct client *client); /* its peer is: reported in the next turn */
void client_run_over(struct run *run);   /* the connection of this run ends */
void clients_end(void);                  /* all of them, and soon: pitcrew ends */
size_t clients_ending(void);

#endif
