/* Ends a shutdown that takes too long: kills everything and exits with 70. */
#ifndef PITCREW_LOOP_SHUTDOWN_WATCHDOG_H
#define PITCREW_LOOP_SHUTDOWN_WATCHDOG_H

#include <stdbool.h>

void shutdown_watchdog_init(void);
void shutdown_watchdog_set(double ms); /* the time that a shutdown has; INFINITY = no limit */
void shutdown_watchdog_start(void);    /* a shutdown has begun */
bool shutdown_watchdog_is_running(void);

#endif
