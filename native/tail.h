/* The end of what a run printed. */
#ifndef PITCREW_TAIL_H
#define PITCREW_TAIL_H

#include <stddef.h>

struct tail;
/* Made at the first text; where there is no memory for it, the text is not kept. */
void tail_add(struct tail **tail, const unsigned char *text, size_t bytes);
/* The last lines, at most 1 KiB, without the newline at their end. Of a line that is longer alone,
 * its end. They stay where they are until more is added. */
size_t tail_lines(const struct tail *tail, const char **lines);

#endif
