/* Signals to pitcrew. */
#ifndef PITCREW_LOOP_SIGNALS_H
#define PITCREW_LOOP_SIGNALS_H

#include <stdbool.h>

void signals_init(bool for_one_command); /* which keeps what was ignored */
void signals_read(void);
bool signals_shutdown_requested(void);

#endif
