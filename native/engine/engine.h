/* The engine: one runtime, one context, and the images of bytecode that it runs. */
#ifndef PITCREW_ENGINE_ENGINE_H
#define PITCREW_ENGINE_ENGINE_H

#include "quickjs.h"

#include <stdbool.h>
#include <stddef.h>

enum image {
  IMAGE_INIT,
  IMAGE_SUPERVISOR,
  IMAGE_AUXILIARY,
  IMAGE_ONE,
  IMAGE_CHECK,
  IMAGE_OPERATIONS, /* loaded by the init for the first change of a file */
  IMAGE_CONTROL, /* loaded by the init for its first client */
};

/* What the engine needs from the rest of the host. */
struct engine_host {
  void (*bind)(JSValue host); /* adds the functions of this host */
  /* of the init */
  void (*print)(const char *text, size_t bytes);
  bool (*is_shutdown_requested)(void);
  /* of a verb: waits for what it awaits. False: it awaits nothing, or an exception is pending. */
  bool (*wait)(void);
};

extern JSContext *js;

void engine_run_init(enum image image, const struct engine_host *host);
/* Runs a module, which imports others on demand. */
_Noreturn void engine_run_verb(const char *module, const struct engine_host *host);
/* Passes an event to the policy in a guarded call, and frees it. */
void engine_handle(JSValue event);
/* From now on garbage is collected only when memory is short: the process ends soon, and a
 * collection would delay the stop of all daemons. */
void engine_end_is_near(void);
/* The value that an image stores in the global object under this name. Loads the image at the first
 * call. */
JSValue engine_load(enum image image, const char *name);
/* Loads an image when engine_turn is called. */
void engine_preload(enum image image, const char *name);
void engine_turn(void);
/* Exits with this code, or with that of a bug if a rejection is unhandled. */
_Noreturn void engine_exit(int code);

#endif
