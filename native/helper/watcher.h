/* The child that watches files: this program again, as `@watch PATH...`. */
#ifndef PITCREW_HELPER_WATCHER_H
#define PITCREW_HELPER_WATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct watch;

/* Replaces the set of files; 0 paths end it. Copies them. 0 or errno; EAGAIN: earlier children that
 * were killed still hang. */
int watcher_start(char *const *paths, size_t count);

/* ---- for the loop. Where there are no children, no function is called: this module stays out of
 * memory. */

extern size_t watcher_children; /* that were not reaped yet */
void watcher_read(const struct watch *watch);
bool watcher_is(pid_t pid);
bool watcher_reaped(pid_t pid, int wait_status); /* true when the child was a watcher */

#endif
