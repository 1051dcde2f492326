/* The object through which JavaScript calls this host: see src/host/. */
#ifndef PITCREW_ENGINE_BIND_H
#define PITCREW_ENGINE_BIND_H

#include "engine/engine.h"

extern const struct engine_host init_host, verb_host, files_host;

/* ---- one for each bind_*.c */

void bind_system(JSValue host);
void bind_runs(JSValue host);
void bind_spawn(JSValue host);
void bind_output(JSValue host);
void bind_health(JSValue host);
void bind_control(JSValue host);
void bind_helper(JSValue host);
/* The output of a verb; in bind_system.c. Ends the process if it cannot be written. */
void verb_write_stdout(const char *text, size_t bytes);

#endif
