/* The connections of our control plane, whatever way they came: through the socket, from a daemon
 * (PITCREW_FD), inherited. Lines come in, bytes go out; what they mean is not known here.
 *
 *   client.c        the table
 *   client_turn.c   who is served when, how a client ends
 *   client_in.c     bytes -> lines
 *   client_out.c    the queue of what is to be sent
 *   peer.c          who is at the other end
 *   listen.c        the socket
 *
 * A client is gone when it has closed its end or half of it: EOF means gone, as when it hung up.
 * What it had sent before is read first, unless it does not read its answers, and answers that were
 * given at once have been sent by then. Nothing of this ever happens inside a call of the functions
 * below: clients_turn() tells. */
#ifndef PITCREW_CLIENT_H
#define PITCREW_CLIENT_H

#include "host.h"
#include "origin.h"

enum {
  CLIENTS_MAX = 2048,                   /* without those of daemons */
  CLIENT_QUEUE_MAX = 1024 * 1024,       /* of one client */
  CLIENTS_QUEUE_MAX = 16 * 1024 * 1024, /* of all of them */
  CLIENT_READ_UP_TO = 256 * 1024,       /* with more than this in its queue, a client is not read */
};

enum client_way { BY_SOCKET, BY_DAEMON_FD, INHERITED };

struct client {
  int64_t id;
  int fd;        /* -1 = closed, to be freed soon */
  uint32_t mask; /* what epoll is asked for */
  struct client *next_in_bucket, *next_waiting;
  struct run *run; /* whose PITCREW_FD this is; NULL = nobody's, or the run is over */
  void *stream;    /* of follower.c; a client with one is not read any more */
  unsigned char *out;
  uint32_t out_start, out_end, out_room;
  char *in; /* the beginning of a line; NULL = there is none */
  uint32_t in_bytes, in_room;
  double ends_at_ms; /* when it is ending */
  enum client_way way : 8;
  bool waiting; /* something is to be told of it, or to be sent */
  bool told;    /* the policy knows of it */
  bool deaf;    /* is not read any more */
  bool ending;  /* client_end was called */
  bool gone, lagged;
  bool of_run; /* a process of a daemon has made it */
};

/* NULL: there is none of this id, or it is gone or ending. */
struct client *client_find(int64_t id);
/* Queues bytes. False: it is gone or ending, or the limit of its queue or of all queues would be
 * passed; nothing was queued. Much is sent at once, the rest in the next turn. */
bool client_put(struct client *client, const void *bytes, size_t count);
size_t client_queued(const struct client *client);
/* Passes on what is queued for at most a second, then closes. Not told to the policy. */
void client_end(struct client *client);
/* It does not read what it is sent: closed in the next turn, told as gone with `lagged`. */
void client_cut_off(struct client *client);

/* In follower.c, for a client with a stream: its queue is empty; it is about to be freed. */
void logs_client_drained(struct client *client);
void logs_client_gone(struct client *client);

/* ---- the loop's and the runs' side */

void clients_turn(void);
bool clients_want_turn(void);
double clients_deadline_ms(void);
bool clients_finished(void); /* at the end: what is queued is passed on for a short time */
void client_run_drain(struct run *run); /* what it said last is told now */
void client_run_over(struct run *run);  /* its connection ends */
void listen_close(void);                /* at the end: the socket is removed */

/* ---- events.c: the events of src/host/host.ts */

struct peer {
  uid_t uid;
  pid_t pid; /* 0 = outside of our PID namespace */
  struct origin origin;
};
void event_client(const struct client *client, const struct peer *peer);
void event_line(int64_t client, const char *text, size_t bytes); /* NULL: it is too long */
void event_client_gone(int64_t client, bool lagged);

/* ---- client.c, between these files */

int clients_set(void); /* the epoll set of all clients; -1: see errno */
/* Takes a socket that is connected. NULL: see errno; the descriptor is still the caller's. */
struct client *client_new(int fd, enum client_way way, struct run *run);
int client_adopt(int fd); /* an inherited one: 0 or errno */
/* Another one has room. `of_run`: it is of a process of a daemon. */
bool client_may_come(bool of_run);
void client_is_of_run(struct client *client);
/* Tells the policy of it and of who that is; NULL: it did not come through the socket. */
void client_tell(struct client *client, const struct peer *peer);
struct client *client_next(const struct client *before); /* of all, from NULL to NULL */
void client_watch(struct client *client);                /* asks epoll for what it is ready for */
void client_remove(struct client *client);               /* closes it; its memory is still there */

/* ---- client_turn.c */

void client_gone(struct client *client); /* nobody is there any more: told in the next turn */
void client_wait(struct client *client); /* something is to be told or sent in the next turn */

/* ---- client_in.c */

bool client_hears(const struct client *client);
/* Reads lines and tells them until this time; at least one, if there is one. False: there is
 * nothing more to be read now. */
bool client_read(struct client *client, double until_ms);
void client_forget_part(struct client *client);

/* ---- client_out.c */

/* A line: its end is added. */
bool client_put_line(struct client *client, const char *text, size_t bytes);
void client_flush(struct client *client);
void client_drop_queue(struct client *client);

/* ---- peer.c */

/* False: nobody can say whose it is, since it has ended, or we cannot look. */
bool peer_of(int fd, struct peer *peer);

/* ---- listen.c */

/* 0 or errno. The line is sent to a connection that there is no room for. */
int listen_at(const char *path, const char *line, size_t bytes);
void listen_ready(void);
double listen_resume_ms(void); /* when it accepts again; INFINITY = it does */
void listen_resume(void);

#endif
