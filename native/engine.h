/* What engine.c and the binding files share; nobody else sees the engine. */
#ifndef PITCREW_ENGINE_H
#define PITCREW_ENGINE_H

#include "host.h"
#include "quickjs.h"

extern JSContext *js;
/* One guarded call of a handler; frees the event. */
void engine_handle(JSValue event);
void bind_host(int argc, char **argv, bool for_init);

#endif
