/* The files that the init writes and reads: src/host/host.ts. Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "aside.h"
#include "bind.h"
#include "file.h"

#include <errno.h>
#include <stdlib.h>

static FUNCTION(host_write_file_aside) {
  UNUSED;
  struct arena arena = {0};
  size_t bytes = 0;
  char **paths = arena_strings(&arena, argv[0], 0);
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = paths && text ? aside_write(paths, text, bytes) : EINVAL;
  JS_FreeCString(ctx, text);
  arena_free(&arena);
  return errno_or_null(error);
}

static FUNCTION(host_append_aside) {
  UNUSED;
  struct arena arena = {0};
  size_t bytes = 0;
  char **paths = arena_strings(&arena, argv[0], 0);
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = paths && text ? aside_append(paths, text, bytes, to_size(argv[2])) : EINVAL;
  JS_FreeCString(ctx, text);
  arena_free(&arena);
  return errno_or_null(error);
}

static FUNCTION(host_read_tail) {
  UNUSED;
  struct arena arena = {0};
  size_t bytes = 0;
  const char *path = arena_string(&arena, argv[0]);
  char *text = path ? file_tail(path, to_size(argv[1]), &bytes) : NULL;
  arena_free(&arena);
  JSValue lines = JS_NewStringLen(ctx, text, text ? bytes : 0);
  free(text);
  return lines;
}

static FUNCTION(host_trace_to) {
  UNUSED;
  const char *path = JS_ToCString(ctx, argv[0]);
  int error = path ? trace_open(path) : EINVAL;
  JS_FreeCString(ctx, path);
  return errno_or_null(error);
}

static FUNCTION(host_trace) {
  UNUSED;
  size_t bytes;
  const char *line = JS_ToCStringLen(ctx, &bytes, argv[0]);
  if (line) trace_line(line, bytes);
  JS_FreeCString(ctx, line);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry file_functions[] = {
    JS_CFUNC_DEF("writeFileAside", 2, host_write_file_aside),
    JS_CFUNC_DEF("appendAside", 3, host_append_aside),
    JS_CFUNC_DEF("readTail", 2, host_read_tail),
    JS_CFUNC_DEF("traceTo", 1, host_trace_to),
    JS_CFUNC_DEF("trace", 1, host_trace),
};

void bind_files(JSValue host) {
  JS_SetPropertyFunctionList(js, host, file_functions,
                             sizeof file_functions / sizeof *file_functions);
}
