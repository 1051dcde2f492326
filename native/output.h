/* From the daemons' pipes to stdout. */
#ifndef PITCREW_OUTPUT_H
#define PITCREW_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run;
struct pipe;

/* ---- pump.c */

void pump_init(void);
struct glob;
/* The run's, with a tap for what says that it is ready, or NULL. NULL: no memory. */
struct pipe *pump_add(int fd, struct run *run, struct glob *tap);
void pump_disown(struct pipe *pipe); /* the run is over */
void pump_close(const char *daemon, int run);
void pump_close_all(void);
void pump_drain(struct pipe *pipe);
void pump_turn(void);
void pump_tapped_turn(void); /* a pipe that may have the sign of readiness is readable */
bool pump_wants_turn(void);
bool pump_idle(void);
void pump_give_up(void); /* nothing is read any more, and what is left is counted as lost */
void pump_pause(bool paused);

/* ---- out.c */

enum { OUT_BYTES = 256 * 1024, OUT_RESERVE_BYTES = 64 * 1024 };
void out_init(void);
unsigned char *out_room(size_t bytes); /* NULL: full even after a flush */
void out_commit(size_t bytes);
bool out_flush(void); /* true when nothing is left */
bool out_stalled(void);
double out_silent_ms(void); /* in a stall: for how long no byte was taken; else 0 */
/* A stall of more than a second that was reported to the policy. */
bool out_long_stall(double *began_ms, int *error);
void out_turn(void);
double out_wake_ms(void);
/* Throws away what waits and all that is printed from now on, and counts it. */
void out_give_up(void);
void out_print(const char *text, size_t bytes);
void out_lost(uint64_t *bytes, uint64_t *lines);
/* Lines in `text` (if it is still there) are counted, `lines` are added. */
void out_count_lost(const unsigned char *text, size_t bytes, size_t lines);
void out_drop_all(void);

#endif
