/* Text in pieces of any length -> whole lines with a prefix. */
#ifndef PITCREW_OUTPUT_LINES_H
#define PITCREW_OUTPUT_LINES_H

#include "output/line.h"

#include <stdbool.h>

void lines_init(struct lines *lines, const char *daemon);
/* As far as stdout takes it; true when all of the chunk is done. */
bool lines_format(struct lines *lines, struct chunk *chunk);
/* The unfinished line is kept elsewhere from now on. */
void lines_forget(struct lines *lines);
/* The last line may have no newline: it gets one. What does not fit any more is counted. */
void lines_end(struct lines *lines);

#endif
