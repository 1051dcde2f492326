/* What engine.c and the binding files share; nobody else sees the engine. */
#ifndef PITCREW_ENGINE_H
#define PITCREW_ENGINE_H

#include "host.h"
#include "quickjs.h"

extern JSContext *js;
/* One guarded call of a handler; frees the event. */
void engine_handle(JSValue event);
/* What an image puts into the global object under this name; it is loaded when it was not yet. */
JSValue engine_load(enum image image, const char *name);
/* Ends the process with this code, or with that of a bug where a rejection was forgotten. */
_Noreturn void engine_exit(int code);
void bind_host(int argc, char **argv, bool for_init);

/* ---- jobs.c */

void jobs_init(JSRuntime *runtime);
/* Until none is left. False, here and below: an exception is pending. */
bool jobs_run(JSRuntime *runtime);
bool jobs_all_caught(void);

#endif
