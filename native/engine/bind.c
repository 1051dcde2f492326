/* Functions of src/host/host.ts for the init that concern no other module: time, environment,
 * images, the end. Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "engine/bind.h"
#include "base/clock.h"
#include "engine/values.h"
#include "loop/finish.h"
#include "loop/loop.h"
#include "loop/shutdown_watchdog.h"
#include "loop/signals.h"
#include "output/out.h"
#include "process/environ.h"

#include <string.h>

FUNCTION(host_now) {
  UNUSED;
  return JS_NewFloat64(ctx, now_ms());
}

FUNCTION(host_wake_at) {
  UNUSED;
  loop_wake_at(to_double(argv[0]));
  return JS_UNDEFINED;
}

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
  int64_t length = array_length(argv[0]);
  for (int64_t i = 0; i < length; i++) {
    JSValue position = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
    environment_hide(to_size(position));
    JS_FreeValue(ctx, position);
  }
  return JS_UNDEFINED;
}

FUNCTION(host_load_control) {
  UNUSED;
  return engine_load(IMAGE_CONTROL, "pitcrewControl");
}

FUNCTION(host_load_supervisor) {
  UNUSED;
  return engine_load(IMAGE_SUPERVISOR, "pitcrewSupervisor");
}

FUNCTION(host_preload_supervisor) {
  UNUSED;
  engine_preload(IMAGE_SUPERVISOR, "pitcrewSupervisor");
  return JS_UNDEFINED;
}

FUNCTION(host_load_operations) {
  UNUSED;
  return engine_load(IMAGE_OPERATIONS, "pitcrewOperations");
}

FUNCTION(host_load_auxiliary) {
  UNUSED;
  return engine_load(IMAGE_AUXILIARY, "pitcrewAuxiliary");
}

FUNCTION(host_load_check) {
  UNUSED;
  return engine_load(IMAGE_CHECK, "pitcrewCheck");
}

FUNCTION(host_arm_shutdown_watchdog) {
  UNUSED;
  shutdown_watchdog_set(to_double(argv[0]));
  return JS_UNDEFINED;
}

FUNCTION(host_start_shutdown_watchdog) {
  UNUSED;
  shutdown_watchdog_start();
  return JS_UNDEFINED;
}

FUNCTION(host_finish) {
  UNUSED;
  finish_begin(to_int(argv[0]), to_double(argv[1]), to_double(argv[2]));
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry init_functions[] = {
    JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("wakeAt", 1, host_wake_at),
    JS_CFUNC_DEF("envNames", 0, host_env_names),
    JS_CFUNC_DEF("envHide", 1, host_env_hide),
    JS_CFUNC_DEF("loadControl", 0, host_load_control),
    JS_CFUNC_DEF("loadSupervisor", 0, host_load_supervisor),
    JS_CFUNC_DEF("preloadSupervisor", 0, host_preload_supervisor),
    JS_CFUNC_DEF("loadAuxiliary", 0, host_load_auxiliary),
    JS_CFUNC_DEF("loadOperations", 0, host_load_operations),
    JS_CFUNC_DEF("loadCheck", 0, host_load_check),
    JS_CFUNC_DEF("armShutdownWatchdog", 1, host_arm_shutdown_watchdog),
    JS_CFUNC_DEF("startShutdownWatchdog", 0, host_start_shutdown_watchdog),
    JS_CFUNC_DEF("finish", 3, host_finish),
};

static void bind_for_init(JSValue host) {
  bind_system(host);
  JS_SetPropertyFunctionList(js, host, init_functions,
                             sizeof init_functions / sizeof *init_functions);
  bind_spawn(host);
  bind_runs(host);
  bind_output(host);
  bind_health(host);
  bind_control(host);
  bind_helper(host);
}

const struct engine_host init_host = {
    .bind = bind_for_init,
    .print = out_print,
    .is_shutdown_requested = signals_shutdown_requested,
};
