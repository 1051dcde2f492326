/* What of src/host/host.ts tells about the runs in the table. */
#define _GNU_SOURCE
#include "bind.h"
#include "ready.h"
#include "ring.h"

enum { LAST_LINES_BYTES_MAX = 1024 };

/* The run that the first two arguments name, or NULL. */
struct run *run_of(JSValueConst *argv) {
  const char *daemon = JS_ToCString(js, argv[0]);
  struct run *run = daemon ? run_find(daemon, to_int(argv[1])) : NULL;
  JS_FreeCString(js, daemon);
  return run;
}

void set_run_exit(JSValue object, const struct run *run) {
  set(object, "code", JS_NewInt32(js, run->exit.code));
  set(object, "signal", JS_NewInt32(js, run->exit.signal));
  if (!run->failure.step) return;
  JSValue failure = JS_NewObject(js);
  set_failure(failure, &run->failure);
  set(object, "failure", failure);
}

FUNCTION(host_live) {
  UNUSED;
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < runs_count(); i++) {
    const struct run *run = runs_at(i);
    JSValue entry = JS_NewObject(ctx), ended = JS_NULL;
    if (run->leader_gone) {
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

JSValue notify_object(const struct notify_field *fields) {
  JSValue object = JS_NewObject(js);
  for (int i = 0; i < NOTIFY_FIELDS; i++)
    if (fields[i].value)
      set(object, notify_names[i], JS_NewStringLen(js, fields[i].value, fields[i].bytes));
  return object;
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

FUNCTION(host_legacy) {
  UNUSED;
  const struct run *run = run_of(argv);
  if (!run || !run->leader_gone) return JS_NULL;
  unsigned char lines[LAST_LINES_BYTES_MAX];
  size_t bytes = ring_last_lines(run->daemon, run->number, lines, sizeof lines);
  JSValue legacy = JS_NewObject(ctx);
  set(legacy, "cpuMs", JS_NewFloat64(ctx, (double)run->cpu_us / 1e3));
  set(legacy, "memoryKib", JS_NewFloat64(ctx, (double)run->memory_kib));
  set(legacy, "lastLines", JS_NewStringLen(ctx, (char *)lines + sizeof lines - bytes, bytes));
  return legacy;
}
