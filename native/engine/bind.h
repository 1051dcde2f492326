/* The object in which JavaScript finds the functions of this host: src/host/. */
#ifndef PITCREW_ENGINE_BIND_H
#define PITCREW_ENGINE_BIND_H

#include "engine/engine.h"

extern const struct engine_host init_host, verb_host;

/* ---- of each bind_*.c */

void bind_system(JSValue host);
void bind_verb(JSValue host);
void bind_runs(JSValue host);
void bind_spawn(JSValue host);
void bind_output(JSValue host);
void bind_health(JSValue host);
void bind_control(JSValue host);
void bind_helper(JSValue host);
/* A verb's output; in bind_system.c. The process ends where it cannot be written. */
void write_data(const char *text, size_t bytes);

#endif
