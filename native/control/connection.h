/* The connection of a client verb to a running pitcrew: one per process, blocking. */
#ifndef PITCREW_CONTROL_CONNECTION_H
#define PITCREW_CONTROL_CONNECTION_H

#include <stddef.h>

enum received { RECEIVED_LINES, RECEIVED_NOTHING, RECEIVED_END };

int connection_open(const char *path); /* 0 or errno; closes an open one */
int connection_send(const char *text, size_t bytes);
/* Returns whole lines with their newlines, valid until the next call. The timeout may be INFINITY.
 */
enum received connection_receive(double timeout_ms, const char **lines, size_t *bytes);
void connection_close(void);

#endif
