/* Conversions between JavaScript values and C. */
#ifndef PITCREW_ENGINE_VALUES_H
#define PITCREW_ENGINE_VALUES_H

#include "base/arena.h"
#include "base/errno_name.h"
#include "engine/engine.h"

#include <stdint.h>

/* A function that JavaScript calls. */
#define FUNCTION(name) \
  static JSValue name(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
#define UNUSED (void)self, (void)argc, (void)argv, (void)ctx

/* ---- to C */

static inline double to_double(JSValueConst value) {
  double number = 0;
  JS_ToFloat64(js, &number, value);
  return number;
}

/* Values out of range become 0 or the maximum: their conversion would be undefined. */
static inline int to_int(JSValueConst value) {
  double number = to_double(value);
  return number >= INT32_MIN && number <= INT32_MAX ? (int)number : 0;
}

static inline size_t to_size(JSValueConst value) {
  double number = to_double(value);
  return number >= 0 && number < 9007199254740992.0 ? (size_t)number : SIZE_MAX;
}

/* An id; -1 if it is none. */
static inline int64_t to_id(JSValueConst value) {
  size_t id = JS_IsNumber(value) ? to_size(value) : SIZE_MAX;
  return id == SIZE_MAX ? -1 : (int64_t)id;
}

/* -1 if it is no array. */
static inline int64_t array_length(JSValueConst array) {
  int64_t length = -1;
  if (JS_IsArray(array)) JS_GetLength(js, array, &length);
  return length;
}

/* A copy of a JavaScript string; NULL if it is none, contains a NUL, or memory is short. */
char *arena_string(struct arena *arena, JSValueConst value);
/* The strings of an array after `before` empty places, NULL-terminated. */
char **arena_strings(struct arena *arena, JSValueConst array, size_t before);
/* Arguments for this program. */
char **self_argv(struct arena *arena, JSValueConst array);
/* The run that the first two arguments name, or NULL. */
struct run *run_of(JSValueConst *argv);

/* ---- to JavaScript */

static inline void set(JSValue object, const char *name, JSValue value) {
  JS_SetPropertyStr(js, object, name, value);
}

static inline JSValue errno_or_null(int error) {
  return error ? JS_NewString(js, errno_name(error)) : JS_NULL;
}

struct spawn_failure;
struct notify_field;
/* The step of a start that failed, and its error. */
void set_failure(JSValue object, const struct spawn_failure *failure);
void set_run_exit(JSValue object, const struct run *run); /* how its leader ended */
/* An object of the fields that exist. */
JSValue notify_object(const struct notify_field *fields);

#endif
