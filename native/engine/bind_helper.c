/* Functions of src/host/host.ts for helpers and the trace. Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/file.h"
#include "control/content.h"
#include "engine/bind.h"
#include "engine/values.h"
#include "files/watch.h"
#include "helper/helper.h"
#include "helper/watcher.h"

#include <errno.h>

static const char *const kinds[] = {
    [HELPER_RUN] = "run",   [HELPER_APPEND] = "append", [HELPER_WRITE] = "write",
    [HELPER_TAIL] = "tail", [HELPER_EXISTS] = "exists", [HELPER_CONNECT] = "connect"};

/* From a list of strings or a single string. */
static char **list_of_strings(struct arena *arena, JSValueConst value) {
  if (!JS_IsString(value)) return arena_strings(arena, value, 0);
  char **words = arena_take(arena, 2 * sizeof *words);
  if (!words || !(words[0] = arena_string(arena, value))) return NULL;
  words[1] = NULL;
  return words;
}

/* The kind of a task is the name of its first property that exists. */
static bool read_words(struct arena *arena, JSValueConst spec, struct helper_task *task) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    JSValue value = JS_GetPropertyStr(js, spec, kinds[i]);
    bool is_there = !JS_IsUndefined(value);
    task->kind = (enum helper_kind)i;
    task->words = is_there ? list_of_strings(arena, value) : NULL;
    JS_FreeValue(js, value);
    if (is_there) return task->words != NULL;
  }
  return false;
}

static bool is_valid(const struct helper_task *task) {
  size_t count = 0;
  while (task->words[count] && count <= HELPER_WORDS_MAX) count++;
  bool prints = task->kind == HELPER_RUN || task->kind == HELPER_TAIL;
  bool reads = task->kind >= HELPER_TAIL;
  return count <= HELPER_WORDS_MAX && (count > 0 || !reads) && task->timeout_ms >= 0 &&
         (!prints || task->max_bytes <= HELPER_OUTPUT_BYTES_MAX);
}

/* The content of a client becomes the stdin of a run. */
static int start_with_content(int64_t id, struct helper_task *task, JSValueConst client) {
  int64_t client_id = to_id(client);
  int fd = content_of(client_id);
  if (task->kind != HELPER_RUN) return EINVAL;
  if (fd < 0) return ENOENT;
  task->stdin_fd = fd;
  int error = helper_start(id, task);
  if (!error) content_hand_over(client_id);
  return error;
}

static int start(int64_t id, struct helper_task *task, JSValueConst spec) {
  JSValue client = JS_GetPropertyStr(js, spec, "stdin");
  int error =
      JS_IsUndefined(client) ? helper_start(id, task) : start_with_content(id, task, client);
  JS_FreeValue(js, client);
  return error;
}

FUNCTION(host_start_helper) {
  UNUSED;
  struct arena arena = {0};
  struct helper_task task = {0};
  int64_t id = to_id(argv[0]);
  if (id < 0 || !JS_IsObject(argv[1])) return errno_or_null(EINVAL);
  JSValue text = JS_GetPropertyStr(ctx, argv[1], "text"),
          timeout = JS_GetPropertyStr(ctx, argv[1], "timeoutMs"),
          max = JS_GetPropertyStr(ctx, argv[1], "maxBytes");
  task.text = JS_IsString(text) ? JS_ToCStringLen(ctx, &task.bytes, text) : NULL;
  task.timeout_ms = to_double(timeout);
  task.max_bytes = JS_IsNumber(max) ? to_size(max) : 0;
  bool is_task = read_words(&arena, argv[1], &task) && is_valid(&task);
  int error = is_task ? start(id, &task, argv[1]) : EINVAL;
  if (task.text) JS_FreeCString(ctx, task.text);
  JS_FreeValue(ctx, text);
  JS_FreeValue(ctx, timeout);
  JS_FreeValue(ctx, max);
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_cancel_helper) {
  UNUSED;
  int64_t id = to_id(argv[0]);
  if (id >= 0) helper_forget(id);
  return JS_UNDEFINED;
}

static bool read_paths(struct arena *arena, JSValueConst list, char **paths, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    JSValue item = JS_GetPropertyUint32(js, list, (uint32_t)i);
    paths[i] = arena_string(arena, item);
    JS_FreeValue(js, item);
    if (!paths[i] || paths[i][0] != '/') return false;
  }
  return true;
}

FUNCTION(host_watch_files) {
  UNUSED;
  struct arena arena = {0};
  char *paths[WATCHED_MAX];
  int64_t count = array_length(argv[0]);
  if (count > WATCHED_MAX) return errno_or_null(E2BIG);
  bool are_paths = count >= 0 && read_paths(&arena, argv[0], paths, count);
  int error = are_paths ? watcher_start(paths, (size_t)count) : EINVAL;
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_file_clock_ms) {
  UNUSED;
  return JS_NewFloat64(ctx, (double)wall_ms());
}

FUNCTION(host_open_trace) {
  UNUSED;
  const char *path = JS_ToCString(ctx, argv[0]);
  int error = path ? trace_open(path) : EINVAL;
  JS_FreeCString(ctx, path);
  return errno_or_null(error);
}

FUNCTION(host_write_trace) {
  UNUSED;
  size_t bytes;
  const char *line = JS_ToCStringLen(ctx, &bytes, argv[0]);
  if (line) trace_line(line, bytes);
  JS_FreeCString(ctx, line);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry helper_functions[] = {
    JS_CFUNC_DEF("startHelper", 2, host_start_helper),
    JS_CFUNC_DEF("cancelHelper", 1, host_cancel_helper),
    JS_CFUNC_DEF("watchFiles", 1, host_watch_files),
    JS_CFUNC_DEF("fileClockMs", 0, host_file_clock_ms),
    JS_CFUNC_DEF("openTrace", 1, host_open_trace),
    JS_CFUNC_DEF("writeTrace", 1, host_write_trace),
};

void bind_helper(JSValue host) {
  JS_SetPropertyFunctionList(js, host, helper_functions,
                             sizeof helper_functions / sizeof *helper_functions);
}
