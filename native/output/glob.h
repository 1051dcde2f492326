/* Patterns with * and ?, searched for in lines that arrive in pieces. */
#ifndef PITCREW_OUTPUT_GLOB_H
#define PITCREW_OUTPUT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

enum { GLOB_BYTES_MAX = 1024 };

struct glob;
struct glob *glob_new(const char *text); /* NULL: no memory, or too long */
void glob_free(struct glob *glob);
/* Takes the next piece of the lines. True when a line so far matches. */
bool glob_feed(struct glob *glob, const unsigned char *piece, size_t bytes);

#endif
