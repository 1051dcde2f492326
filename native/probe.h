/* A look from outside: whether somebody accepts a connection, and what is answered to a request.
 * Nothing here waits. An answer is never given inside a call, but told in a turn of the loop. */
#ifndef PITCREW_PROBE_H
#define PITCREW_PROBE_H

#include "address.h"
#include "host.h"

enum { PROBE_REQUEST_BYTES_MAX = 2048, PROBE_ANSWER_BYTES_MAX = 256 };

/* `request` NULL: to be connected is enough. 0 or the errno of what could not be begun. A probe of
 * the same id is forgotten. */
int probe_start(int64_t id, const struct address *address, const char *request,
                size_t request_bytes);
void probe_forget(int64_t id);

#endif
