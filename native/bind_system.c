/* The functions of src/host/system.ts, and the object that they are found in. Thin: convert, call,
 * convert back. */
#define _GNU_SOURCE
#include "bind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char **process_argv;
int process_argc;

static FUNCTION(host_getenv) {
  UNUSED;
  const char *name = JS_ToCString(ctx, argv[0]);
  const char *value = name ? environment_get(name) : NULL;
  JS_FreeCString(ctx, name);
  return value ? JS_NewString(ctx, value) : JS_NULL;
}

static FUNCTION(host_read_file) {
  UNUSED;
  const char *path = JS_ToCString(ctx, argv[0]), *error = "EINVAL";
  size_t bytes = 0;
  char *text = path ? file_read(path, to_size(argv[1]), &bytes, &error) : NULL;
  JS_FreeCString(ctx, path);
  JSValue answer = JS_NewObject(ctx);
  set(answer, text ? "text" : "error",
      text ? JS_NewStringLen(ctx, text, bytes) : JS_NewString(ctx, error));
  free(text);
  return answer;
}

static FUNCTION(host_write_file) {
  UNUSED;
  size_t bytes = 0;
  const char *path = JS_ToCString(ctx, argv[0]), *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = path && text ? file_write(path, text, bytes) : ENOMEM;
  JS_FreeCString(ctx, path);
  JS_FreeCString(ctx, text);
  return errno_or_null(error);
}

/* FNV-1a, 64 bits. */
static FUNCTION(host_sum) {
  UNUSED;
  size_t bytes = 0;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[0]);
  if (!text) return JS_EXCEPTION;
  uint64_t sum = 0xcbf29ce484222325;
  for (size_t i = 0; i < bytes; i++) sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3;
  JS_FreeCString(ctx, text);
  char digits[17];
  snprintf(digits, sizeof digits, "%016llx", (unsigned long long)sum);
  return JS_NewString(ctx, digits);
}

static FUNCTION(host_is_folder) {
  UNUSED;
  struct stat st;
  const char *path = JS_ToCString(ctx, argv[0]);
  bool is = path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  JS_FreeCString(ctx, path);
  return JS_NewBool(ctx, is);
}

static FUNCTION(host_write) {
  UNUSED;
  size_t bytes = 0;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  if (text) write_all(to_int(argv[0]), text, bytes);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

static FUNCTION(host_is_terminal) {
  UNUSED;
  return JS_NewBool(ctx, isatty(to_int(argv[0])));
}

static FUNCTION(host_exit) {
  UNUSED;
  _exit(to_int(argv[0]));
}

static FUNCTION(host_exec_self) {
  UNUSED;
  struct arena arena = {0};
  char **list = self_argv(&arena, argv[0]);
  int error = list ? exec_self(list) : EINVAL;
  arena_free(&arena);
  return JS_NewString(ctx, errno_name(error));
}

static const JSCFunctionListEntry system_functions[] = {
    JS_CFUNC_DEF("getenv", 1, host_getenv),
    JS_CFUNC_DEF("readFile", 2, host_read_file),
    JS_CFUNC_DEF("writeFile", 2, host_write_file),
    JS_CFUNC_DEF("write", 2, host_write),
    JS_CFUNC_DEF("isTerminal", 1, host_is_terminal),
    JS_CFUNC_DEF("exit", 1, host_exit),
    JS_CFUNC_DEF("execSelf", 1, host_exec_self),
    JS_CFUNC_DEF("isFolder", 1, host_is_folder),
    JS_CFUNC_DEF("sum", 1, host_sum),
};

void bind_system(JSValue host) {
  JSValue args = JS_NewArray(js);
  for (int i = 1; i < process_argc; i++)
    JS_SetPropertyUint32(js, args, (uint32_t)i - 1, JS_NewString(js, process_argv[i]));
  set(host, "args", args);
  set(host, "isPid1", JS_NewBool(js, getpid() == 1));
  set(host, "uid", JS_NewFloat64(js, (double)geteuid()));
  JS_SetPropertyFunctionList(js, host, system_functions,
                             sizeof system_functions / sizeof *system_functions);
}

void bind_host(int argc, char **argv, bool for_init) {
  process_argc = argc;
  process_argv = argv;
  JSValue global = JS_GetGlobalObject(js), host = JS_NewObject(js);
  bind_system(host);
  if (for_init) bind_init(host);
  set(global, "pitcrewHost", host);
  JS_FreeValue(js, global);
}
