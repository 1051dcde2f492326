/* Functions of src/host/system.ts, which every image has. Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/fnv.h"
#include "engine/bind.h"
#include "engine/values.h"
#include "process/environ.h"
#include "process/self.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FOLDER_NAMES_MAX = 4096 };

FUNCTION(host_getenv) {
  UNUSED;
  const char *name = JS_ToCString(ctx, argv[0]);
  const char *value = name ? environment_get(name) : NULL;
  JS_FreeCString(ctx, name);
  return value ? JS_NewString(ctx, value) : JS_NULL;
}

FUNCTION(host_read_file) {
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

FUNCTION(host_write_file) {
  UNUSED;
  size_t bytes = 0;
  const char *path = JS_ToCString(ctx, argv[0]), *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = path && text ? file_write(path, text, bytes, true) : ENOMEM;
  JS_FreeCString(ctx, path);
  JS_FreeCString(ctx, text);
  return errno_or_null(error);
}

FUNCTION(host_sum) {
  UNUSED;
  size_t bytes = 0;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[0]);
  if (!text) return JS_EXCEPTION;
  uint64_t sum = fnv1a(FNV_BASIS, text, bytes);
  JS_FreeCString(ctx, text);
  char digits[17];
  snprintf(digits, sizeof digits, "%016llx", (unsigned long long)sum);
  return JS_NewString(ctx, digits);
}

FUNCTION(host_is_folder) {
  UNUSED;
  struct stat st;
  const char *path = JS_ToCString(ctx, argv[0]);
  bool is = path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  JS_FreeCString(ctx, path);
  return JS_NewBool(ctx, is);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

FUNCTION(host_list_folder) {
  UNUSED;
  struct arena arena = {0};
  const char *path = arena_string(&arena, argv[0]);
  char **names = arena_take(&arena, FOLDER_NAMES_MAX * sizeof *names);
  DIR *folder = path && names ? opendir(path) : NULL;
  const struct dirent *entry;
  size_t count = 0;
  while (folder && count < FOLDER_NAMES_MAX && (entry = readdir(folder))) {
    size_t bytes = strlen(entry->d_name) + 1;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if ((names[count] = arena_take(&arena, bytes))) memcpy(names[count++], entry->d_name, bytes);
  }
  if (folder) closedir(folder);
  if (count) qsort(names, count, sizeof *names, by_name);
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewString(ctx, names[i]));
  arena_free(&arena);
  return list;
}

FUNCTION(host_wall_ms) {
  UNUSED;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return JS_NewFloat64(ctx, (double)t.tv_sec * 1e3 + (double)(t.tv_nsec / 1000000));
}

/* A verb fails if its output cannot be written. */
void verb_write_stdout(const char *text, size_t bytes) {
  int error = write_all(1, text, bytes);
  if (!error) return;
  char line[80];
  int n = snprintf(line, sizeof line, "pitcrew: cannot write to stdout: %s\n", errno_name(error));
  write_all(2, line, (size_t)n);
  _exit(1);
}

FUNCTION(host_write) {
  UNUSED;
  size_t bytes = 0;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  if (text && to_int(argv[0]) == 1)
    verb_write_stdout(text, bytes);
  else if (text)
    write_all(2, text, bytes);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

FUNCTION(host_is_terminal) {
  UNUSED;
  return JS_NewBool(ctx, isatty(to_int(argv[0])));
}

FUNCTION(host_exit) {
  UNUSED;
  engine_exit(to_int(argv[0]));
}

FUNCTION(host_exec_self) {
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
    JS_CFUNC_DEF("listFolder", 1, host_list_folder),
    JS_CFUNC_DEF("wallMs", 0, host_wall_ms),
    JS_CFUNC_DEF("sum", 1, host_sum),
};

void bind_system(JSValue host) {
  JSValue args = JS_NewArray(js);
  for (int i = 1; i < process_argc; i++)
    JS_SetPropertyUint32(js, args, (uint32_t)i - 1, JS_NewString(js, process_argv[i]));
  set(host, "args", args);
  set(host, "pid", JS_NewInt32(js, getpid()));
  set(host, "uid", JS_NewFloat64(js, (double)geteuid()));
  JS_SetPropertyFunctionList(js, host, system_functions,
                             sizeof system_functions / sizeof *system_functions);
}
