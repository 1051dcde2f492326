/* What of src/host/host.ts is about daemons' lines and what daemons use. */
#define _GNU_SOURCE
#include "bind.h"
#include "logs.h"
#include "usage.h"

#include <errno.h>
#include <string.h>

enum { NAMES_MAX = 4096 };

static double take_number(JSValueConst object, const char *name) {
  JSValue value = JS_GetPropertyStr(js, object, name);
  double number = to_double(value);
  JS_FreeValue(js, value);
  return number;
}

/* Beyond any of them nothing is meant. */
static int64_t to_whole(double number) {
  return number >= -1 && number < 9007199254740992.0 ? (int64_t)number : -1;
}

static bool take_names(struct arena *arena, JSValueConst array, struct logs_spec *spec) {
  int64_t length = array_length(array);
  if (length < 0 || length > NAMES_MAX) return false;
  spec->daemons = arena_take(arena, (size_t)(length + 1) * sizeof *spec->daemons);
  for (int64_t i = 0; spec->daemons && i < length; i++) {
    JSValue item = JS_GetPropertyUint32(js, array, (uint32_t)i);
    const char *name = arena_string(arena, item);
    JS_FreeValue(js, item);
    if (!name) return false;
    spec->daemons[spec->count++] = name;
  }
  return spec->daemons;
}

static FUNCTION(host_stream_logs) {
  UNUSED;
  struct arena arena = {0};
  JSValue follow = JS_GetPropertyStr(ctx, argv[1], "follow"),
          daemons = JS_GetPropertyStr(ctx, argv[1], "daemons");
  struct logs_spec spec = {.tail = to_whole(take_number(argv[1], "tail")),
                           .since_ms = to_whole(take_number(argv[1], "sinceMs")),
                           .follow = JS_ToBool(ctx, follow) > 0};
  JS_FreeValue(ctx, follow);
  struct client *client = client_find(to_whole(to_double(argv[0])));
  int error = ENOTCONN;
  if (client) error = take_names(&arena, daemons, &spec) ? logs_stream(client, &spec) : EINVAL;
  JS_FreeValue(ctx, daemons);
  arena_free(&arena);
  return errno_or_null(error);
}

static JSValue usage_object(const struct usage *usage) {
  JSValue object = JS_NewObject(js);
  set(object, "daemon", JS_NewString(js, usage->daemon));
  set(object, "run", JS_NewInt32(js, usage->run));
  set(object, "cpuMs", JS_NewFloat64(js, usage->cpu_ms));
  set(object, "memoryKib", JS_NewFloat64(js, (double)usage->memory_kib));
  set(object, "processes", JS_NewInt32(js, usage->processes));
  return object;
}

static FUNCTION(host_usage) {
  UNUSED;
  size_t count;
  const struct usage *usages = usage_look(&count);
  if (!usages) return JS_NULL;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, usage_object(&usages[i]));
  usage_forget();
  return list;
}

static const JSCFunctionListEntry logs_functions[] = {
    JS_CFUNC_DEF("streamLogs", 2, host_stream_logs),
    JS_CFUNC_DEF("usage", 0, host_usage),
};

void bind_logs(JSValue host) {
  JS_SetPropertyFunctionList(js, host, logs_functions,
                             sizeof logs_functions / sizeof *logs_functions);
}
