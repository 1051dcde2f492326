/* The clocks. */
#ifndef PITCREW_BASE_CLOCK_H
#define PITCREW_BASE_CLOCK_H

#include <stdint.h>

double now_ms(void);   /* monotonic */
int64_t cpu_ns(void);  /* of this thread: a busy machine does not make it run faster */
int64_t wall_ms(void); /* coarse: for the times of log lines */

#endif
