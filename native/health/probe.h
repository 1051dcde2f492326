/* Probes: is a connection accepted, and what is the answer to a request? Nothing here blocks.
 * Results are never given within a call, but in a turn of the loop. */
#ifndef PITCREW_HEALTH_PROBE_H
#define PITCREW_HEALTH_PROBE_H

#include "base/address.h"

#include <stdint.h>

enum { PROBE_REQUEST_BYTES_MAX = 2048, PROBE_ANSWER_BYTES_MAX = 256 };

/* `request` NULL: a connection is enough. 0, or the errno of what could not be started. Replaces a
 * probe of the same id. */
int probe_start(int64_t id, const struct address *address, const char *request,
                size_t request_bytes);
void probe_forget(int64_t id);

void probes_turn(void);
bool probes_want_turn(void);

#endif
