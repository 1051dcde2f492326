/* The socket of the control plane. */
#ifndef PITCREW_CONTROL_LISTEN_H
#define PITCREW_CONTROL_LISTEN_H

#include <stddef.h>

/* 0 or errno. The line is sent to a connection that is rejected because there is no room. */
int listen_at(const char *path, const char *line, size_t bytes);
void listen_close(void); /* at the end: removes the socket */
void listen_ready(void);
double listen_resume_ms(void); /* when accepting resumes; INFINITY = it is not paused */
void listen_resume(void);

#endif
