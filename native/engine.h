/* What engine.c and the binding files share; nobody else sees the engine. */
#ifndef PITCREW_ENGINE_H
#define PITCREW_ENGINE_H

#include "host.h"
#include "quickjs.h"

extern JSContext *js;
extern char **process_argv;
extern int process_argc;

/* One guarded call of a handler; frees the arguments. */
void engine_handle(JSValue event);
void bind_host(int argc, char **argv, bool for_init);

/* bind_spawn.c */
JSValue host_spawn(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* A bounded store for the strings of one call; all of it is freed at once. */
struct arena { char *block[64]; size_t blocks, used, room, total; };
void *arena_take(struct arena *arena, size_t bytes);
void arena_free(struct arena *arena);
/* A C string of a JavaScript string; NULL when it is none, has a NUL in it, or memory is short. */
char *arena_string(struct arena *arena, JSValueConst value);

#endif
