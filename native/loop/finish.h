/* The end of the process: what is still printed, written and sent is bounded in time. */
#ifndef PITCREW_LOOP_FINISH_H
#define PITCREW_LOOP_FINISH_H

/* Ends the process with this code as soon as all output is out and every file is written, and after
 * `flush_ms` at the latest. A stdout that takes no byte for `silent_ms` is given up earlier. */
void finish_begin(int code, double flush_ms, double silent_ms);

/* ---- for turn.c */

void finish_if_done(void);
double finish_wake_ms(void); /* INFINITY: the process does not end yet */

#endif
