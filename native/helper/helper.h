/* Work that may block or grow is done in a child, bounded in time, memory and output. Its end is
 * one `helper` event with the id that the policy chose. */
#ifndef PITCREW_HELPER_HELPER_H
#define PITCREW_HELPER_HELPER_H

#include "helper/helper_work.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Copies the task, and owns its descriptor from then on; the child starts in the next turn of the
 * loop. 0, or errno: EBUSY when too many
 * tasks wait, ETIMEDOUT when an earlier child still hangs at the same path, EAGAIN when too many
 * children hang that cannot be killed. */
int helper_start(int64_t id, const struct helper_task *task);
/* Ends a helper without an event. Unknown ids are ignored. */
void helper_forget(int64_t id);

/* ---- for the loop */

void helpers_turn(void);
bool helpers_want_turn(void);
/* A file is being written, or a write is queued. */
bool helpers_write(void);
/* The child is a helper that was not reaped yet. */
bool helper_is(pid_t pid);
/* True when the child was a helper. */
bool helper_reaped(pid_t pid, int wait_status);
double helpers_deadline_ms(void);
void helpers_check_deadlines(void);

#endif
