/* The turns of the loop. */
#ifndef PITCREW_LOOP_TURN_H
#define PITCREW_LOOP_TURN_H

_Noreturn void turns_run(void);

#endif
