/* From the daemons' pipes to stdout. */
#ifndef PITCREW_OUTPUT_PUMP_H
#define PITCREW_OUTPUT_PUMP_H

#include <stdbool.h>

struct run;
struct pipe;
struct glob;

void pump_init(void); /* after out_init() */
/* `pattern`: of the line that reports that the run is ready, or NULL. Returns NULL without memory.
 */
struct pipe *pump_add(int fd, struct run *run, struct glob *pattern);
void pump_disown(struct pipe *pipe); /* the run is over */
void pump_drain(struct pipe *pipe);  /* reads what is in it now */
void pump_close(const char *daemon, int run);
void pump_close_all(void);
void pump_give_up(void); /* stops reading, and counts the rest as lost */
bool pump_idle(void);

void pump_turn(void);
void pump_pattern_turn(void); /* a pipe with a pattern is readable */
bool pump_wants_turn(void);

#endif
