/* Serves the clients. */
#ifndef PITCREW_CONTROL_CLIENT_TURN_H
#define PITCREW_CONTROL_CLIENT_TURN_H

#include <stdbool.h>

void clients_turn(void);
bool clients_want_turn(void);
double clients_deadline_ms(void);
bool clients_finished(void); /* at the end: sends their queues for a short time */

#endif
