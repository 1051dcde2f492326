/* Functions of src/host/host.ts for runs: signals, state, resource use, the terminal. Thin:
 * convert, call, convert back. */
#define _GNU_SOURCE
#include "engine/bind.h"
#include "engine/values.h"
#include "health/notify.h"
#include "output/ring.h"
#include "process/tty.h"
#include "tree/runs.h"
#include "tree/tree.h"
#include "tree/usage.h"

#include <errno.h>
#include <string.h>

enum { LAST_LINES_BYTES_MAX = 1024, MEMBERS_MAX = 16 };

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

FUNCTION(host_signal) {
  UNUSED;
  struct run *run = run_of(argv);
  bool whole = target_of(argv[3]) == STOP_TREE;
  return signal_answer(run ? tree_signal(run, to_int(argv[2]), whole) : ESRCH);
}

FUNCTION(host_stop) {
  UNUSED;
  struct run *run = run_of(argv);
  return signal_answer(run ? tree_stop(run, to_int(argv[2]), target_of(argv[3])) : ESRCH);
}

FUNCTION(host_members) {
  UNUSED;
  struct run *run = run_of(argv);
  pid_t pids[MEMBERS_MAX];
  size_t count = run ? tree_members(run, pids, MEMBERS_MAX) : 0;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewInt32(ctx, pids[i]));
  return list;
}

FUNCTION(host_live_runs) {
  UNUSED;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < runs_count(); i++) {
    const struct run *run = runs_at(i);
    JSValue entry = JS_NewObject(ctx), ended = JS_NULL;
    if (run->leader_ended) {
      ended = JS_NewObject(ctx);
      set_run_exit(ended, run);
    }
    set(entry, "daemon", JS_NewString(ctx, run->daemon));
    set(entry, "run", JS_NewInt32(ctx, run->number));
    set(entry, "pid", JS_NewInt32(ctx, run->pid));
    set(entry, "exit", ended);
    set(entry, "gone", JS_NewBool(ctx, run->gone));
    set(entry, "ready", JS_NewBool(ctx, run->ready));
    if (run->start) set(entry, "isSlow", JS_TRUE);
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, entry);
  }
  return list;
}

FUNCTION(host_read_notify) {
  UNUSED;
  struct run *run = run_of(argv);
  size_t bytes;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[2]);
  struct notify_field fields[NOTIFY_FIELDS];
  bool is_message = run && text && notify_read(run, text, bytes, fields);
  JSValue object = is_message ? notify_object(fields) : JS_NULL;
  JS_FreeCString(ctx, text);
  return object;
}

FUNCTION(host_run_resources) {
  UNUSED;
  const struct run *run = run_of(argv);
  if (!run || !run->leader_ended) return JS_NULL;
  unsigned char lines[LAST_LINES_BYTES_MAX];
  size_t bytes = ring_last_lines(run->daemon, run->number, lines, sizeof lines);
  JSValue resources = JS_NewObject(ctx);
  set(resources, "cpuMs", JS_NewFloat64(ctx, (double)run->cpu_us / 1e3));
  set(resources, "memoryKib", JS_NewFloat64(ctx, (double)run->memory_kib));
  set(resources, "lastLines", JS_NewStringLen(ctx, (char *)lines + sizeof lines - bytes, bytes));
  return resources;
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

FUNCTION(host_usage) {
  UNUSED;
  size_t count;
  const struct usage *usages = usage_scan(&count);
  if (!usages) return JS_NULL;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, usage_object(&usages[i]));
  usage_free();
  return list;
}

FUNCTION(host_stop_self) {
  UNUSED;
  tty_stop_self();
  return JS_UNDEFINED;
}

FUNCTION(host_foreground) {
  UNUSED;
  struct run *run = run_of(argv);
  return JS_NewBool(ctx, run && tty_foreground(run));
}

static const JSCFunctionListEntry runs_functions[] = {
    JS_CFUNC_DEF("signal", 4, host_signal),
    JS_CFUNC_DEF("stop", 4, host_stop),
    JS_CFUNC_DEF("liveRuns", 0, host_live_runs),
    JS_CFUNC_DEF("runResources", 2, host_run_resources),
    JS_CFUNC_DEF("readNotify", 3, host_read_notify),
    JS_CFUNC_DEF("members", 2, host_members),
    JS_CFUNC_DEF("usage", 0, host_usage),
    JS_CFUNC_DEF("stopSelf", 0, host_stop_self),
    JS_CFUNC_DEF("foreground", 2, host_foreground),
};

void bind_runs(JSValue host) {
  JS_SetPropertyFunctionList(js, host, runs_functions,
                             sizeof runs_functions / sizeof *runs_functions);
}
