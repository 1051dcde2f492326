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
void channel_hear(struct channel *channel); /* it is readable */
void channels_drain(struct run *run);       /* what has been said is told now */
void channels_close(struct run *run);

/* It said so, by whatever channel it has: told once. */
void run_said_ready(struct run *run);

#endif
