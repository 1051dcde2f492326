/* The engine: one runtime, one context, and the images of bytecode that it runs. */
#ifndef PITCREW_ENGINE_ENGINE_H
#define PITCREW_ENGINE_ENGINE_H

#include "quickjs.h"

#include <stdbool.h>
#include <stddef.h>

enum image {
  IMAGE_INIT,
  IMAGE_AUXILIARY,
  IMAGE_ONE,
  IMAGE_CHECK,
  IMAGE_CONTROL, /* the init loads it for its first client */
  IMAGE_CLI,
  IMAGE_BUNDLE, /* the init's helper, and a verb that reads a bundle */
};

/* What the engine needs of the rest of the host. */
struct engine_host {
  void (*bind)(JSValue host); /* the functions of this host */
  /* NULL in a verb. */
  void (*print)(const char *text, size_t bytes);
  bool (*is_shutdown_requested)(void);
};

extern JSContext *js;

void engine_run_init(enum image image, const struct engine_host *host);
_Noreturn void engine_run_verb(enum image image, const struct engine_host *host);
/* One guarded call of a handler; frees the event. */
void engine_handle(JSValue event);
/* What an image puts into the global object under this name; it is loaded when it was not yet. */
JSValue engine_load(enum image image, const char *name);
/* Ends the process with this code, or with that of a bug where a rejection was forgotten. */
_Noreturn void engine_exit(int code);

#endif
