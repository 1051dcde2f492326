/* Which signals are blocked and ignored: in this process from its first instruction on, and in the
 * programs that it starts. */
#ifndef PITCREW_PROCESS_SIGNAL_STATE_H
#define PITCREW_PROCESS_SIGNAL_STATE_H

#include <signal.h>
#include <stdbool.h>

enum { SIGNALS_MAX = 65, WATCHDOG_SIGNAL = 64 /* see loop/shutdown_watchdog.c */ };

void signals_block(void);
void signals_unblock(void);
/* Stops ignoring signals. `keeps_ignored` (one command, as after nohup): signals that were ignored
 * are not reported, and stay ignored in the programs that are started. */
void signals_take_over(bool keeps_ignored);
/* Clears the pending signals that stay ignored, except CONT. */
void signals_clear_ignored(bool *pending);
const sigset_t *signals_blocked(void);
/* In a child between clone and exec. */
void signals_reset_in_child(void);

#endif
