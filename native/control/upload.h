/* The content that a client verb sends after its request line: bytes, not text. One per process. */
#ifndef PITCREW_CONTROL_UPLOAD_H
#define PITCREW_CONTROL_UPLOAD_H

#include <stddef.h>

/* Reads a file of any kind, or stdin ("-"), to its end, and keeps it. Blocks while it must. Returns
 * NULL, or the error: the name of an errno, or "too large". */
const char *upload_read(const char *path, size_t max_bytes, size_t *bytes);
/* Sends what was read, and forgets it. 0 or errno. */
int upload_send(void);

#endif
