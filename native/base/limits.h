/* Bounds that several modules share. */
#ifndef PITCREW_BASE_LIMITS_H
#define PITCREW_BASE_LIMITS_H

#define NAME_BYTES_MAX 64 /* a daemon's is 48 at most; a command's is one with ":…" behind it */
#define LINE_BYTES_MAX (64 * 1024)
#define BATCH_MAX 32 /* events of one kind that are served in a turn of the loop */

#endif
