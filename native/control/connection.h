/* A client verb's connection to a running pitcrew: one in a process, and all of it waits. */
#ifndef PITCREW_CONTROL_CONNECTION_H
#define PITCREW_CONTROL_CONNECTION_H

#include <stddef.h>

enum received { RECEIVED_LINES, RECEIVED_NOTHING, RECEIVED_END };

int connection_open(const char *path); /* 0 or errno; what was open is closed */
int connection_send(const char *text, size_t bytes);
/* The whole lines that have come, with their newlines; they stay there until the next call. An
 * infinite timeout is as long as it takes. */
enum received connection_receive(double timeout_ms, const char **lines, size_t *bytes);
void connection_close(void);

#endif
