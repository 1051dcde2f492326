/* The clocks. */
#ifndef PITCREW_BASE_CLOCK_H
#define PITCREW_BASE_CLOCK_H

#include <stdint.h>

double now_ms(void);   /* monotonic */
int64_t cpu_ns(void);  /* our own: a machine that is busy elsewhere makes nothing late */
int64_t wall_ms(void); /* coarse: for the times of log lines */

#endif
