/* Probes: whether a connection is accepted, and what is answered to a request. Nothing here waits.
 * An answer is never given inside a call, but reported in a turn of the loop. */
#ifndef PITCREW_HEALTH_PROBE_H
#define PITCREW_HEALTH_PROBE_H

#include "base/address.h"

#include <stdint.h>

enum { PROBE_REQUEST_BYTES_MAX = 2048, PROBE_ANSWER_BYTES_MAX = 256 };

/* `request` NULL: to be connected is enough. 0 or the errno of what could not be begun. A probe of
 * the same id is forgotten. */
int probe_start(int64_t id, const struct address *address, const char *request,
                size_t request_bytes);
void probe_forget(int64_t id);

void probes_turn(void);
bool probes_want_turn(void);

#endif
