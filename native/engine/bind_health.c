/* Functions of src/host/host.ts for probes, sd_notify to a service manager, and kills for memory.
 * Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "engine/bind.h"
#include "engine/values.h"
#include "health/announce.h"
#include "health/probe.h"
#include "tree/cgroup.h"

#include <errno.h>
#include <string.h>

static char *read_string(struct arena *arena, JSValueConst object, const char *name) {
  JSValue value = JS_GetPropertyStr(js, object, name);
  char *text = arena_string(arena, value);
  JS_FreeValue(js, value);
  return text;
}

static int read_address(struct arena *arena, JSValueConst spec, const char *type,
                        struct address *address) {
  if (strcmp(type, "unix") == 0) {
    const char *path = read_string(arena, spec, "path");
    /* A path is on a disk, which may hang: a helper probes it. */
    return path && path[0] == '@' ? address_of_path(path, address) : EINVAL;
  }
  const char *host = read_string(arena, spec, "host");
  JSValue port = JS_GetPropertyStr(js, spec, "port");
  int number = JS_IsNumber(port) ? to_int(port) : 0;
  JS_FreeValue(js, port);
  return host ? address_of_host(host, number, address) : EINVAL;
}

static int start(struct arena *arena, int64_t id, JSValueConst spec) {
  const char *type = read_string(arena, spec, "type"), *request = NULL;
  struct address address;
  if (id < 0 || !type) return EINVAL;
  bool exchanges = strcmp(type, "exchange") == 0;
  if (!exchanges && strcmp(type, "tcp") != 0 && strcmp(type, "unix") != 0) return EINVAL;
  if (exchanges && !(request = read_string(arena, spec, "request"))) return EINVAL;
  int error = read_address(arena, spec, type, &address);
  return error ? error : probe_start(id, &address, request, request ? strlen(request) : 0);
}

FUNCTION(host_probe) {
  UNUSED;
  struct arena arena = {0};
  int error = JS_IsObject(argv[1]) ? start(&arena, to_id(argv[0]), argv[1]) : EINVAL;
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_cancel_probe) {
  UNUSED;
  probe_forget(to_id(argv[0]));
  return JS_UNDEFINED;
}

FUNCTION(host_notify) {
  UNUSED;
  size_t bytes;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[0]);
  if (text) announce(text, bytes);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

FUNCTION(host_oom_kills) {
  UNUSED;
  bool watched;
  int64_t count = cgroup_oom_kills(&watched);
  if (count < 0) return JS_NULL;
  JSValue kills = JS_NewObject(ctx);
  set(kills, "count", JS_NewInt64(ctx, count));
  set(kills, "isWatched", JS_NewBool(ctx, watched));
  return kills;
}

static const JSCFunctionListEntry health_functions[] = {
    JS_CFUNC_DEF("probe", 2, host_probe),
    JS_CFUNC_DEF("cancelProbe", 1, host_cancel_probe),
    JS_CFUNC_DEF("notify", 1, host_notify),
    JS_CFUNC_DEF("oomKills", 0, host_oom_kills),
};

void bind_health(JSValue host) {
  JS_SetPropertyFunctionList(js, host, health_functions,
                             sizeof health_functions / sizeof *health_functions);
}
