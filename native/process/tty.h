/* Job control of the one-command mode. */
#ifndef PITCREW_PROCESS_TTY_H
#define PITCREW_PROCESS_TTY_H

#include <stdbool.h>

struct run;

bool tty_is_ours(void);
bool tty_foreground(struct run *run);
void tty_take_back(void);
void tty_stop_self(void);

#endif
