/* The functions that src/host/host.ts and system.ts promise, and the events the other way. Thin: convert, call,
 * convert back. */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024, ARENA_TOTAL_BYTES = 4 * 1024 * 1024, ARGUMENTS_MAX = 64, MEMBERS_MAX = 16 };

#define FUNCTION(name) static JSValue name(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
#define UNUSED (void)self, (void)argc, (void)argv, (void)ctx

char **process_argv;
int process_argc;

/* ---- arena */

void *arena_take(struct arena *arena, size_t bytes) {
  bytes = (bytes + 7) & ~(size_t)7;
  if (bytes > arena->room - arena->used || arena->blocks == 0) {
    size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    if (arena->blocks == sizeof arena->block / sizeof *arena->block || arena->total + size > ARENA_TOTAL_BYTES) return NULL;
    if (!(arena->block[arena->blocks] = malloc(size))) return NULL;
    arena->blocks++;
    arena->total += size;
    arena->room = size;
    arena->used = 0;
  }
  void *taken = arena->block[arena->blocks - 1] + arena->used;
  arena->used += bytes;
  return taken;
}

void arena_free(struct arena *arena) {
  for (size_t i = 0; i < arena->blocks; i++) free(arena->block[i]);
  arena->blocks = 0;
}

char *arena_string(struct arena *arena, JSValueConst value) {
  size_t bytes;
  const char *text = JS_IsString(value) ? JS_ToCStringLen(js, &bytes, value) : NULL;
  if (!text) return NULL;
  char *copy = memchr(text, 0, bytes) ? NULL : arena_take(arena, bytes + 1);
  if (copy) memcpy(copy, text, bytes + 1);
  JS_FreeCString(js, text);
  return copy;
}

/* ---- small conversions */

static int to_int(JSValueConst value) {
  double number = 0;
  JS_ToFloat64(js, &number, value);
  return (int)number;
}

static double to_double(JSValueConst value) {
  double number = 0;
  JS_ToFloat64(js, &number, value);
  return number;
}

static void set(JSValue object, const char *name, JSValue value) { JS_SetPropertyStr(js, object, name, value); }

static JSValue errno_or_null(int error) { return error ? JS_NewString(js, errno_name(error)) : JS_NULL; }

/* The run that the first two arguments name, or NULL. */
static struct run *run_of(JSValueConst *argv) {
  const char *daemon = JS_ToCString(js, argv[0]);
  struct run *run = daemon ? run_find(daemon, to_int(argv[1])) : NULL;
  JS_FreeCString(js, daemon);
  return run;
}

/* The strings of an array behind `before` empty places, with a NULL at the end. */
static char **arena_strings(struct arena *arena, JSValueConst array, size_t before) {
  int64_t length = 0;
  JS_GetLength(js, array, &length);
  char **list = length <= ARGUMENTS_MAX ? arena_take(arena, (before + (size_t)length + 1) * sizeof *list) : NULL;
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

/* The arguments for a program that is us. */
static char **self_argv(struct arena *arena, JSValueConst array) {
  char **list = arena_strings(arena, array, 1);
  if (list) list[0] = "pitcrew";
  return list;
}

/* ---- System */

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
  char *text = path ? file_read(path, (size_t)to_double(argv[1]), &bytes, &error) : NULL;
  JS_FreeCString(ctx, path);
  JSValue answer = JS_NewObject(ctx);
  set(answer, text ? "text" : "error", text ? JS_NewStringLen(ctx, text, bytes) : JS_NewString(ctx, error));
  free(text);
  return answer;
}

FUNCTION(host_write_file) {
  UNUSED;
  size_t bytes = 0;
  const char *path = JS_ToCString(ctx, argv[0]), *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = path && text ? file_write(path, text, bytes) : ENOMEM;
  JS_FreeCString(ctx, path);
  JS_FreeCString(ctx, text);
  return errno_or_null(error);
}

FUNCTION(host_write_file_aside) {
  UNUSED;
  struct arena arena = {0};
  size_t bytes = 0;
  char **paths = arena_strings(&arena, argv[0], 0);
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = paths && text ? file_write_aside(paths, text, bytes) : EINVAL;
  JS_FreeCString(ctx, text);
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_is_folder) {
  UNUSED;
  struct stat st;
  const char *path = JS_ToCString(ctx, argv[0]);
  bool is = path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  JS_FreeCString(ctx, path);
  return JS_NewBool(ctx, is);
}

FUNCTION(host_write) {
  UNUSED;
  size_t bytes = 0;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  if (text) write_all(to_int(argv[0]), text, bytes);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

FUNCTION(host_is_terminal) {
  UNUSED;
  return JS_NewBool(ctx, isatty(to_int(argv[0])));
}

FUNCTION(host_exit) {
  UNUSED;
  _exit(to_int(argv[0]));
}

FUNCTION(host_exec_self) {
  UNUSED;
  struct arena arena = {0};
  char **list = self_argv(&arena, argv[0]);
  int error = list ? exec_self(list) : EINVAL;
  arena_free(&arena);
  return JS_NewString(ctx, errno_name(error));
}

/* ---- Host: time, processes */

FUNCTION(host_now) {
  UNUSED;
  return JS_NewFloat64(ctx, now_ms());
}

FUNCTION(host_wake_at) {
  UNUSED;
  loop_wake_at(to_double(argv[0]));
  return JS_UNDEFINED;
}

FUNCTION(host_signal) {
  UNUSED;
  struct run *run = run_of(argv);
  const char *to = JS_ToCString(ctx, argv[3]);
  int error = run ? tree_signal(run, to_int(argv[2]), to && strcmp(to, "tree") == 0) : ESRCH;
  JS_FreeCString(ctx, to);
  return JS_NewString(ctx, error == 0 ? "sent" : error == ESRCH ? "gone" : errno_name(error));
}

FUNCTION(host_live) {
  UNUSED;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < runs_count(); i++) {
    const struct run *run = runs_at(i);
    JSValue entry = JS_NewObject(ctx), ended = JS_NULL;
    if (run->leader_gone) {
      ended = JS_NewObject(ctx);
      set(ended, "code", JS_NewInt32(ctx, run->exit.code));
      set(ended, "signal", JS_NewInt32(ctx, run->exit.signal));
    }
    set(entry, "daemon", JS_NewString(ctx, run->daemon));
    set(entry, "run", JS_NewInt32(ctx, run->number));
    set(entry, "pid", JS_NewInt32(ctx, run->pid));
    set(entry, "exit", ended);
    set(entry, "gone", JS_NewBool(ctx, run->gone));
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, entry);
  }
  return list;
}

FUNCTION(host_members) {
  UNUSED;
  struct run *run = run_of(argv);
  pid_t pids[MEMBERS_MAX];
  size_t count = run ? tree_members(run, pids, MEMBERS_MAX) : 0;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++) JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewInt32(ctx, pids[i]));
  return list;
}

FUNCTION(host_close_output) {
  UNUSED;
  const char *daemon = JS_ToCString(ctx, argv[0]);
  if (daemon) pump_close(daemon, to_int(argv[1]));
  JS_FreeCString(ctx, daemon);
  return JS_UNDEFINED;
}

/* ---- Host: environment, helpers */

FUNCTION(host_env_names) {
  UNUSED;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < environment_count; i++) {
    const char *equals = strchr(environment[i], '=');
    size_t length = equals ? (size_t)(equals - environment[i]) : strlen(environment[i]);
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewStringLen(ctx, environment[i], length));
  }
  return list;
}

FUNCTION(host_env_hide) {
  UNUSED;
  int64_t length = 0;
  JS_GetLength(ctx, argv[0], &length);
  for (int64_t i = 0; i < length; i++) {
    JSValue position = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
    environment_hide((size_t)to_double(position));
    JS_FreeValue(ctx, position);
  }
  return JS_UNDEFINED;
}

FUNCTION(host_helper) {
  UNUSED;
  struct arena arena = {0};
  JSValue args = JS_GetPropertyStr(ctx, argv[0], "args"), timeout = JS_GetPropertyStr(ctx, argv[0], "timeoutMs"),
          max = JS_GetPropertyStr(ctx, argv[0], "maxBytes");
  char **list = self_argv(&arena, args);
  int error = list ? helper_start(list, to_double(timeout), (size_t)to_double(max)) : EINVAL;
  JS_FreeValue(ctx, args);
  arena_free(&arena);
  return errno_or_null(error);
}

/* ---- Host: output and the end */

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

FUNCTION(host_lost) {
  UNUSED;
  uint64_t bytes, lines;
  out_lost(&bytes, &lines);
  JSValue lost = JS_NewObject(ctx);
  set(lost, "bytes", JS_NewFloat64(ctx, (double)bytes));
  set(lost, "lines", JS_NewFloat64(ctx, (double)lines));
  return lost;
}

FUNCTION(host_arm_last_word) {
  UNUSED;
  last_word_after(to_double(argv[0]));
  return JS_UNDEFINED;
}

FUNCTION(host_finish) {
  UNUSED;
  loop_finish(to_int(argv[0]), to_double(argv[1]));
  return JS_UNDEFINED;
}

FUNCTION(host_stop_self) {
  UNUSED;
  tty_stop_self();
  return JS_UNDEFINED;
}

FUNCTION(host_foreground) {
  UNUSED;
  struct run *run = run_of(argv);
  if (run) tty_foreground(run);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry system_functions[] = {
  JS_CFUNC_DEF("getenv", 1, host_getenv),        JS_CFUNC_DEF("readFile", 2, host_read_file),
  JS_CFUNC_DEF("writeFile", 2, host_write_file), JS_CFUNC_DEF("write", 2, host_write),
  JS_CFUNC_DEF("isTerminal", 1, host_is_terminal), JS_CFUNC_DEF("exit", 1, host_exit),
  JS_CFUNC_DEF("execSelf", 1, host_exec_self),     JS_CFUNC_DEF("isFolder", 1, host_is_folder),
};

static const JSCFunctionListEntry init_functions[] = {
  JS_CFUNC_DEF("now", 0, host_now),
  JS_CFUNC_DEF("wakeAt", 1, host_wake_at),
  JS_CFUNC_DEF("spawn", 1, host_spawn),
  JS_CFUNC_DEF("signal", 4, host_signal),
  JS_CFUNC_DEF("live", 0, host_live),
  JS_CFUNC_DEF("members", 2, host_members),
  JS_CFUNC_DEF("closeOutput", 2, host_close_output),
  JS_CFUNC_DEF("envNames", 0, host_env_names),
  JS_CFUNC_DEF("envHide", 1, host_env_hide),
  JS_CFUNC_DEF("helper", 1, host_helper),
  JS_CFUNC_DEF("writeFileAside", 2, host_write_file_aside),
  JS_CFUNC_DEF("print", 1, host_print),
  JS_CFUNC_DEF("lost", 0, host_lost),
  JS_CFUNC_DEF("armLastWord", 1, host_arm_last_word),
  JS_CFUNC_DEF("finish", 2, host_finish),
  JS_CFUNC_DEF("stopSelf", 0, host_stop_self),
  JS_CFUNC_DEF("foreground", 2, host_foreground),
};

void bind_host(int argc, char **argv, bool for_init) {
  process_argc = argc;
  process_argv = argv;
  JSValue global = JS_GetGlobalObject(js), host = JS_NewObject(js), args = JS_NewArray(js);
  for (int i = 1; i < argc; i++) JS_SetPropertyUint32(js, args, (uint32_t)i - 1, JS_NewString(js, argv[i]));
  set(host, "args", args);
  set(host, "isPid1", JS_NewBool(js, getpid() == 1));
  set(host, "uid", JS_NewFloat64(js, (double)geteuid()));
  JS_SetPropertyFunctionList(js, host, system_functions, sizeof system_functions / sizeof *system_functions);
  if (for_init) JS_SetPropertyFunctionList(js, host, init_functions, sizeof init_functions / sizeof *init_functions);
  set(global, "pitcrewHost", host);
  JS_FreeValue(js, global);
}

/* ---- events */

static JSValue event_new(const char *type) {
  JSValue event = JS_NewObject(js);
  set(event, "type", JS_NewString(js, type));
  return event;
}

static JSValue run_event(const char *type, const char *daemon, int run) {
  JSValue event = event_new(type);
  set(event, "daemon", JS_NewString(js, daemon));
  set(event, "run", JS_NewInt32(js, run));
  return event;
}

static void set_exit(JSValue event, int wait_status) {
  set(event, "code", JS_NewInt32(js, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0));
  set(event, "signal", JS_NewInt32(js, WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0));
}

void event_signal(int signal, bool hangup) {
  JSValue event = event_new("signal");
  set(event, "signal", JS_NewInt32(js, signal));
  set(event, "hangup", JS_NewBool(js, hangup));
  engine_handle(event);
}

void event_exited(const struct run *run) {
  JSValue event = run_event("exited", run->daemon, run->number);
  set(event, "code", JS_NewInt32(js, run->exit.code));
  set(event, "signal", JS_NewInt32(js, run->exit.signal));
  set(event, "gone", JS_NewBool(js, run->gone));
  set(event, "outputOpen", JS_NewBool(js, pump_has(run->daemon, run->number)));
  engine_handle(event);
}

void event_gone(const struct run *run) {
  JSValue event = run_event("gone", run->daemon, run->number);
  set(event, "outputOpen", JS_NewBool(js, pump_has(run->daemon, run->number)));
  engine_handle(event);
}

void event_stopped(const struct run *run, int signal) {
  JSValue event = run_event("stopped", run->daemon, run->number);
  set(event, "signal", JS_NewInt32(js, signal));
  engine_handle(event);
}

void event_output_closed(const char *daemon, int run) { engine_handle(run_event("output-closed", daemon, run)); }

void event_wake(void) { engine_handle(event_new("wake")); }

void event_helper(int wait_status, bool timed_out, const char *text, size_t bytes) {
  JSValue event = event_new("helper");
  set_exit(event, wait_status);
  set(event, "timedOut", JS_NewBool(js, timed_out));
  set(event, "text", text ? JS_NewStringLen(js, text, bytes) : JS_NULL);
  engine_handle(event);
}
