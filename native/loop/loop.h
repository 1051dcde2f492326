/* The event loop as its users see it: descriptors that are watched, the time at which to wake, and
 * what the next turn is asked for. In which order events are served is in turn.c. */
#ifndef PITCREW_LOOP_LOOP_H
#define PITCREW_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum watch_kind {
  WATCH_SIGNALS,
  WATCH_PIPES,
  WATCH_TAPPED,
  WATCH_STDOUT,
  WATCH_HELPER,
  WATCH_ESCAPEE,
  WATCH_READY,
  WATCH_NOTIFY,
  WATCH_PROBES,
  WATCH_MEMORY,
  WATCH_CLIENTS
};
/* What an epoll entry points to: the first member of the object that is watched. */
struct watch {
  enum watch_kind kind;
};

void loop_init(void);
bool loop_watch(int fd, uint32_t events, struct watch *watch);
/* For what the loop cannot do without: tried again while the kernel has no memory for it. */
void loop_watch_surely(int fd, uint32_t events, struct watch *watch);
/* Always before close: a description that a forked child still holds would go on reporting. */
void loop_unwatch(int fd);
/* Tries again what could not be watched; and when that is due. */
void loop_watch_again(void);
double loop_watch_again_ms(void);

/* Waits for at most so long (-1 = for ever). Returns the number of events, -1 after EINTR. */
struct epoll_event;
int loop_wait(struct epoll_event *events, int max, int timeout_ms);

/* The policy's own timer: one time, replaced by each call; INFINITY = none. */
void loop_wake_at(double at_ms);
double loop_wake_ms(void);

/* Children may have ended: they are reaped in the next turn. */
void loop_reap_soon(void);
bool loop_wants_reaping(void);
void loop_reaped(bool may_be_more);

/* The process ends (finish.c): no event of the policy's work is delivered any more. */
void loop_set_finishing(void);
bool loop_is_finishing(void);

#endif
