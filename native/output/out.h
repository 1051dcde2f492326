/* stdout: a buffer, and writes that never block. */
#ifndef PITCREW_OUTPUT_OUT_H
#define PITCREW_OUTPUT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUT_BYTES = 256 * 1024, OUT_RESERVE_BYTES = 64 * 1024 };

void out_init(void);
/* `pause` is called at the begin and at the end of each stall. */
void out_on_stall(void (*pause)(bool paused));

unsigned char *out_room(size_t bytes); /* NULL: full even after a flush */
void out_commit(size_t bytes);
bool out_flush(void); /* true when nothing is left */
void out_print(const char *text, size_t bytes);

bool out_stalled(void);
double out_silent_ms(void); /* in a stall: time since the last byte was taken; else 0 */
/* A stall that was reported to the policy, after a second. */
bool out_long_stall(double *began_ms, int *error);
void out_turn(void);
double out_wake_ms(void);

/* Discards what is buffered and what is printed from now on, and counts it. */
void out_give_up(void);
void out_lost(uint64_t *bytes, uint64_t *lines);
/* Counts lost output: bytes, the lines in `text` (or NULL), and `lines` more. */
void out_count_lost(const unsigned char *text, size_t bytes, size_t lines);

#endif
