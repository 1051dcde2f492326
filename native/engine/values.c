#define _GNU_SOURCE
#include "engine/values.h"
#include "health/notify.h"
#include "tree/runs.h"

#include <string.h>

enum { ARGUMENTS_MAX = 64 };

char *arena_string(struct arena *arena, JSValueConst value) {
  size_t bytes;
  const char *text = JS_IsString(value) ? JS_ToCStringLen(js, &bytes, value) : NULL;
  if (!text) return NULL;
  char *copy = memchr(text, 0, bytes) ? NULL : arena_take(arena, bytes + 1);
  if (copy) memcpy(copy, text, bytes + 1);
  JS_FreeCString(js, text);
  return copy;
}

char **arena_strings(struct arena *arena, JSValueConst array, size_t before) {
  int64_t length = array_length(array);
  char **list = length >= 0 && length <= ARGUMENTS_MAX
                    ? arena_take(arena, (before + (size_t)length + 1) * sizeof *list)
                    : NULL;
  if (!list) return NULL;
  for (int64_t i = 0; i < length; i++) {
    JSValue item = JS_GetPropertyUint32(js, array, (uint32_t)i);
    list[before + (size_t)i] = arena_string(arena, item);
    JS_FreeValue(js, item);
    if (!list[before + (size_t)i]) return NULL;
  }
  list[before + (size_t)length] = NULL;
  return list;
}

char **self_argv(struct arena *arena, JSValueConst array) {
  char **list = arena_strings(arena, array, 1);
  if (list) list[0] = "pitcrew";
  return list;
}

struct run *run_of(JSValueConst *argv) {
  const char *daemon = JS_ToCString(js, argv[0]);
  struct run *run = daemon ? run_find(daemon, to_int(argv[1])) : NULL;
  JS_FreeCString(js, daemon);
  return run;
}

void set_failure(JSValue object, const struct spawn_failure *failure) {
  set(object, "step", JS_NewString(js, failure->step));
  set(object, "errno", JS_NewString(js, errno_name(failure->error)));
}

void set_run_exit(JSValue object, const struct run *run) {
  set(object, "code", JS_NewInt32(js, run->exit.code));
  set(object, "signal", JS_NewInt32(js, run->exit.signal));
  if (!run->failure.step) return;
  JSValue failure = JS_NewObject(js);
  set_failure(failure, &run->failure);
  set(object, "failure", failure);
}

JSValue notify_object(const struct notify_field *fields) {
  JSValue object = JS_NewObject(js);
  for (int i = 0; i < NOTIFY_FIELDS; i++)
    if (fields[i].value)
      set(object, notify_names[i], JS_NewStringLen(js, fields[i].value, fields[i].bytes));
  return object;
}
