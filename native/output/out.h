/* stdout. */
#ifndef PITCREW_OUTPUT_OUT_H
#define PITCREW_OUTPUT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUT_BYTES = 256 * 1024, OUT_RESERVE_BYTES = 64 * 1024 };

void out_init(void);
/* Called at the beginning and at the end of each stall. */
void out_on_stall(void (*pause)(bool paused));

unsigned char *out_room(size_t bytes); /* NULL: full even after a flush */
void out_commit(size_t bytes);
bool out_flush(void); /* true when nothing is left */
void out_print(const char *text, size_t bytes);

bool out_stalled(void);
double out_silent_ms(void); /* in a stall: for how long no byte was taken; else 0 */
/* A stall of more than a second that was reported to the policy. */
bool out_long_stall(double *began_ms, int *error);
void out_turn(void);
double out_wake_ms(void);

/* Throws away what waits and all that is printed from now on, and counts it. */
void out_give_up(void);
void out_lost(uint64_t *bytes, uint64_t *lines);
/* Lines in `text` (if it is still there) are counted, `lines` are added. */
void out_count_lost(const unsigned char *text, size_t bytes, size_t lines);

#endif
