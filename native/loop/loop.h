/* The event loop as its users see it: watched descriptors, the time of the next wake-up, and
 * requests to the next turn. The order in which events are served is in turn.c. */
#ifndef PITCREW_LOOP_LOOP_H
#define PITCREW_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum watch_kind {
  WATCH_SIGNALS,
  WATCH_PIPES,
  WATCH_PATTERN_PIPES,
  WATCH_STDOUT,
  WATCH_HELPER,
  WATCH_ESCAPEE,
  WATCH_READY,
  WATCH_NOTIFY,
  WATCH_PROBES,
  WATCH_MEMORY,
  WATCH_FILES,
  WATCH_CLIENTS
};
/* The first member of each watched object: an epoll entry points to it. */
struct watch {
  enum watch_kind kind;
};

void loop_init(void);
bool loop_watch(int fd, uint32_t events, struct watch *watch);
/* For descriptors that the loop needs: retried while the kernel has no memory for them. */
void loop_watch_with_retry(int fd, uint32_t events, struct watch *watch);
/* Call before close: a description that a forked child still holds would go on reporting. */
void loop_unwatch(int fd);
/* Retries what could not be watched; and the time of the next retry. */
void loop_retry_watches(void);
double loop_retry_ms(void);

/* Waits for at most this time (-1 = no limit). Returns the number of events, -1 after EINTR. */
struct epoll_event;
int loop_wait(struct epoll_event *events, int max, int timeout_ms);

/* The policy's own timer: one time, replaced by each call; INFINITY = none. */
void loop_wake_at(double at_ms);
double loop_wake_ms(void);

/* Children may have ended: they are reaped in the next turn. */
void loop_reap_soon(void);
bool loop_wants_reaping(void);
void loop_reaped(bool may_be_more);

/* The process is ending (finish.c): most events are not delivered any more. */
void loop_set_finishing(void);
bool loop_is_finishing(void);

#endif
