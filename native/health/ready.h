/* What a run reports of itself through a descriptor of its own. */
#ifndef PITCREW_HEALTH_READY_H
#define PITCREW_HEALTH_READY_H

#include <stdbool.h>

struct channel;
struct run;

/* The channel of a run gets this descriptor (-1 = none), whatever comes of it; false: it cannot be
 * watched. */
bool channel_add(struct channel *channel, int fd);
/* It is readable, one of so many that are. */
void channel_read(struct channel *channel, int ready_count);
void channels_drain(struct run *run); /* what was written is reported now */
void channels_close(struct run *run);

/* The run is ready, by whatever channel it has: reported once. */
void run_is_ready(struct run *run);

#endif
