/* From text in pieces of any length to whole lines with a prefix. */
#ifndef PITCREW_OUTPUT_LINES_H
#define PITCREW_OUTPUT_LINES_H

#include "output/line.h"

#include <stdbool.h>

void lines_init(struct lines *lines, const char *daemon);
/* Stops when stdout is full. True: the chunk is done. */
bool lines_format(struct lines *lines, struct chunk *chunk);
/* Drops the unfinished line, which is stored elsewhere. */
void lines_forget(struct lines *lines);
/* Ends a last line without a newline. What does not fit is counted as lost. */
void lines_end(struct lines *lines);

#endif
