/* The socket of the control plane. */
#ifndef PITCREW_CONTROL_LISTEN_H
#define PITCREW_CONTROL_LISTEN_H

#include <stddef.h>

/* 0 or errno. The line is sent to a connection that there is no room for. */
int listen_at(const char *path, const char *line, size_t bytes);
void listen_close(void); /* at the end: the socket is removed */
void listen_ready(void);
double listen_resume_ms(void); /* when it accepts again; INFINITY = it does */
void listen_resume(void);

#endif
