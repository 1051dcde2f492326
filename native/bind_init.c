/* The functions of src/host/host.ts that only the init has. Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "bind.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 16 };

/* ---- Host: time, processes */

static FUNCTION(host_now) {
  UNUSED;
  return JS_NewFloat64(ctx, now_ms());
}

static FUNCTION(host_wake_at) {
  UNUSED;
  loop_wake_at(to_double(argv[0]));
  return JS_UNDEFINED;
}

static JSValue signal_answer(int error) {
  return JS_NewString(js, error == 0 ? "sent" : error == ESRCH ? "gone" : errno_name(error));
}

static enum stop_target target_of(JSValueConst value) {
  const char *to = JS_ToCString(js, value);
  enum stop_target target = !to || strcmp(to, "leader") == 0 ? STOP_LEADER
                            : strcmp(to, "tree") == 0        ? STOP_TREE
                                                             : STOP_REST;
  JS_FreeCString(js, to);
  return target;
}

static FUNCTION(host_signal) {
  UNUSED;
  struct run *run = run_of(argv);
  bool whole = target_of(argv[3]) == STOP_TREE;
  return signal_answer(run ? tree_signal(run, to_int(argv[2]), whole) : ESRCH);
}

static FUNCTION(host_stop) {
  UNUSED;
  struct run *run = run_of(argv);
  return signal_answer(run ? tree_stop(run, to_int(argv[2]), target_of(argv[3])) : ESRCH);
}

static FUNCTION(host_members) {
  UNUSED;
  struct run *run = run_of(argv);
  pid_t pids[MEMBERS_MAX];
  size_t count = run ? tree_members(run, pids, MEMBERS_MAX) : 0;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewInt32(ctx, pids[i]));
  return list;
}

static FUNCTION(host_close_output) {
  UNUSED;
  const char *daemon = JS_ToCString(ctx, argv[0]);
  if (daemon) pump_close(daemon, to_int(argv[1]));
  JS_FreeCString(ctx, daemon);
  return JS_UNDEFINED;
}

/* ---- Host: environment */

static FUNCTION(host_env_names) {
  UNUSED;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < environment_count; i++) {
    const char *equals = strchr(environment[i], '=');
    size_t length = equals ? (size_t)(equals - environment[i]) : strlen(environment[i]);
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewStringLen(ctx, environment[i], length));
  }
  return list;
}

static FUNCTION(host_env_hide) {
  UNUSED;
  int64_t length = array_length(argv[0]);
  for (int64_t i = 0; i < length; i++) {
    JSValue position = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
    environment_hide(to_size(position));
    JS_FreeValue(ctx, position);
  }
  return JS_UNDEFINED;
}

/* ---- Host: output and the end */

static FUNCTION(host_print) {
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

static FUNCTION(host_lost) {
  UNUSED;
  uint64_t bytes, lines;
  out_lost(&bytes, &lines);
  JSValue lost = JS_NewObject(ctx);
  set(lost, "bytes", JS_NewFloat64(ctx, (double)bytes));
  set(lost, "lines", JS_NewFloat64(ctx, (double)lines));
  return lost;
}

static FUNCTION(host_output_stall) {
  UNUSED;
  double since_ms;
  int error;
  if (!out_long_stall(&since_ms, &error)) return JS_NULL;
  JSValue stall = JS_NewObject(ctx);
  set(stall, "sinceMs", JS_NewFloat64(ctx, since_ms));
  set(stall, "errno", errno_or_null(error));
  return stall;
}

static FUNCTION(host_load_control) {
  UNUSED;
  return engine_load(IMAGE_CONTROL, "pitcrewControl");
}

static FUNCTION(host_load_seldom) {
  UNUSED;
  return engine_load(IMAGE_SELDOM, "pitcrewSeldom");
}

static FUNCTION(host_load_check) {
  UNUSED;
  return engine_load(IMAGE_CHECK, "pitcrewCheck");
}

static FUNCTION(host_arm_last_word) {
  UNUSED;
  last_word_after(to_double(argv[0]));
  return JS_UNDEFINED;
}

static FUNCTION(host_start_last_word) {
  UNUSED;
  last_word_start();
  return JS_UNDEFINED;
}

static FUNCTION(host_finish) {
  UNUSED;
  loop_finish(to_int(argv[0]), to_double(argv[1]), to_double(argv[2]));
  return JS_UNDEFINED;
}

static FUNCTION(host_stop_self) {
  UNUSED;
  tty_stop_self();
  return JS_UNDEFINED;
}

static FUNCTION(host_foreground) {
  UNUSED;
  struct run *run = run_of(argv);
  return JS_NewBool(ctx, run && tty_foreground(run));
}

static const JSCFunctionListEntry init_functions[] = {
    JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("wakeAt", 1, host_wake_at),
    JS_CFUNC_DEF("spawn", 1, host_spawn),
    JS_CFUNC_DEF("signal", 4, host_signal),
    JS_CFUNC_DEF("stop", 4, host_stop),
    JS_CFUNC_DEF("live", 0, host_live),
    JS_CFUNC_DEF("legacy", 2, host_legacy),
    JS_CFUNC_DEF("readNotify", 3, host_read_notify),
    JS_CFUNC_DEF("members", 2, host_members),
    JS_CFUNC_DEF("closeOutput", 2, host_close_output),
    JS_CFUNC_DEF("envNames", 0, host_env_names),
    JS_CFUNC_DEF("envHide", 1, host_env_hide),
    JS_CFUNC_DEF("print", 1, host_print),
    JS_CFUNC_DEF("lost", 0, host_lost),
    JS_CFUNC_DEF("outputStall", 0, host_output_stall),
    JS_CFUNC_DEF("loadControl", 0, host_load_control),
    JS_CFUNC_DEF("loadSeldom", 0, host_load_seldom),
    JS_CFUNC_DEF("loadCheck", 0, host_load_check),
    JS_CFUNC_DEF("armLastWord", 1, host_arm_last_word),
    JS_CFUNC_DEF("startLastWord", 0, host_start_last_word),
    JS_CFUNC_DEF("finish", 3, host_finish),
    JS_CFUNC_DEF("stopSelf", 0, host_stop_self),
    JS_CFUNC_DEF("foreground", 2, host_foreground),
};

void bind_init(JSValue host) {
  JS_SetPropertyFunctionList(js, host, init_functions,
                             sizeof init_functions / sizeof *init_functions);
  bind_probe(host);
  bind_control(host);
  bind_files(host);
  bind_logs(host);
}
