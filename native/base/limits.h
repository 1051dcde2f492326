/* Bounds that several modules share. */
#ifndef PITCREW_BASE_LIMITS_H
#define PITCREW_BASE_LIMITS_H

#define NAME_BYTES_MAX 64 /* 48 for a daemon; a command's has ":…" appended */
#define LINE_BYTES_MAX (64 * 1024)
#define BATCH_MAX 32 /* events of one kind served in a turn of the loop */

#endif
