/* Functions of src/host/host.ts for output and logs. Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "control/client.h"
#include "engine/bind.h"
#include "engine/values.h"
#include "output/logs.h"
#include "output/out.h"
#include "output/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 4096 };

FUNCTION(host_print) {
  UNUSED;
  size_t bytes;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[0]);
  char *line = text ? malloc(bytes + 1) : NULL;
  if (line) {
    memcpy(line, text, bytes);
    line[bytes] = '\n';
    out_print(line, bytes + 1);
  }
  free(line);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

FUNCTION(host_lost_output) {
  UNUSED;
  uint64_t bytes, lines;
  out_lost(&bytes, &lines);
  JSValue lost = JS_NewObject(ctx);
  set(lost, "bytes", JS_NewFloat64(ctx, (double)bytes));
  set(lost, "lines", JS_NewFloat64(ctx, (double)lines));
  return lost;
}

FUNCTION(host_output_stall) {
  UNUSED;
  double since_ms;
  int error;
  if (!out_long_stall(&since_ms, &error)) return JS_NULL;
  JSValue stall = JS_NewObject(ctx);
  set(stall, "sinceMs", JS_NewFloat64(ctx, since_ms));
  set(stall, "errno", errno_or_null(error));
  return stall;
}

FUNCTION(host_close_output) {
  UNUSED;
  const char *daemon = JS_ToCString(ctx, argv[0]);
  if (daemon) pump_close(daemon, to_int(argv[1]));
  JS_FreeCString(ctx, daemon);
  return JS_UNDEFINED;
}

static double read_number(JSValueConst object, const char *name) {
  JSValue value = JS_GetPropertyStr(js, object, name);
  double number = to_double(value);
  JS_FreeValue(js, value);
  return number;
}

/* -1 for values out of range. */
static int64_t to_whole(double number) {
  return number >= -1 && number < 9007199254740992.0 ? (int64_t)number : -1;
}

static bool read_names(struct arena *arena, JSValueConst array, struct logs_spec *spec) {
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

FUNCTION(host_stream_logs) {
  UNUSED;
  struct arena arena = {0};
  JSValue follow = JS_GetPropertyStr(ctx, argv[1], "follow"),
          daemons = JS_GetPropertyStr(ctx, argv[1], "daemons");
  struct logs_spec spec = {.tail = to_whole(read_number(argv[1], "tail")),
                           .since_ms = to_whole(read_number(argv[1], "sinceMs")),
                           .follow = JS_ToBool(ctx, follow) > 0};
  JS_FreeValue(ctx, follow);
  struct client *client = client_find(to_whole(to_double(argv[0])));
  int error = ENOTCONN;
  if (client) error = read_names(&arena, daemons, &spec) ? logs_stream(client, &spec) : EINVAL;
  JS_FreeValue(ctx, daemons);
  arena_free(&arena);
  return errno_or_null(error);
}

static const JSCFunctionListEntry output_functions[] = {
    JS_CFUNC_DEF("print", 1, host_print),
    JS_CFUNC_DEF("lostOutput", 0, host_lost_output),
    JS_CFUNC_DEF("outputStall", 0, host_output_stall),
    JS_CFUNC_DEF("closeOutput", 2, host_close_output),
    JS_CFUNC_DEF("streamLogs", 2, host_stream_logs),
};

void bind_output(JSValue host) {
  JS_SetPropertyFunctionList(js, host, output_functions,
                             sizeof output_functions / sizeof *output_functions);
}
