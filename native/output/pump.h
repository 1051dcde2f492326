/* From the daemons' pipes to stdout. */
#ifndef PITCREW_OUTPUT_PUMP_H
#define PITCREW_OUTPUT_PUMP_H

#include <stdbool.h>

struct run;
struct pipe;
struct glob;

void pump_init(void); /* behind out_init() */
/* The run's, with a tap for the line that reports that it is ready, or NULL. NULL: no memory. */
struct pipe *pump_add(int fd, struct run *run, struct glob *tap);
void pump_disown(struct pipe *pipe); /* the run is over */
void pump_drain(struct pipe *pipe);  /* reads what is in it now */
void pump_close(const char *daemon, int run);
void pump_close_all(void);
void pump_give_up(void); /* nothing is read any more, and what is left is counted as lost */
bool pump_idle(void);

void pump_turn(void);
void pump_tapped_turn(void); /* a pipe with a tap is readable */
bool pump_wants_turn(void);

#endif
