/* Reports of a run about itself through a descriptor of its own. */
#ifndef PITCREW_HEALTH_READY_H
#define PITCREW_HEALTH_READY_H

#include <stdbool.h>

struct channel;
struct run;

/* Gives a descriptor (-1 = none) to a channel, which owns it from now on. False: it cannot be
 * watched. */
bool channel_add(struct channel *channel, int fd);
/* It is readable, as one of `ready_count` channels. */
void channel_read(struct channel *channel, int ready_count);
void channels_drain(struct run *run); /* reports what was written */
void channels_close(struct run *run);

/* Reports once that the run is ready. */
void run_report_ready(struct run *run);

#endif
