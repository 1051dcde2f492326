/* Files that are written in a child: a disk that hangs holds up nobody else. */
#ifndef PITCREW_ASIDE_H
#define PITCREW_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* To the first of the paths that can be written. 0, or the errno why it cannot even be tried. */
int aside_write(char *const *paths, const char *text, size_t bytes);
int aside_append(char *const *paths, const char *text, size_t bytes, size_t max_bytes);
/* Starts a child for what waits. */
void aside_turn(void);
/* Something is being written, or waits for that. */
bool aside_busy(void);
bool aside_is(pid_t pid);
bool aside_reaped(pid_t pid, int wait_status);

#endif
