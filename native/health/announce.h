/* Reports our own state to the service manager that started us. */
#ifndef PITCREW_HEALTH_ANNOUNCE_H
#define PITCREW_HEALTH_ANNOUNCE_H

#include <stddef.h>

void announce(const char *text, size_t bytes);
void announce_turn(void);
double announce_wake_ms(void);

#endif
