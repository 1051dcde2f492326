/* Host.spawn: from a daemon of the plan to a pid, or the step that failed. */
#define _GNU_SOURCE
#include "base/limits.h"
#include "engine/bind.h"
#include "engine/values.h"
#include "output/glob.h"
#include "process/environ.h"
#include "process/spawn.h"
#include "process/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { LIST_MAX = 1024 * 1024 }; /* The kernel accepts no more. */

static const char *default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static JSValue get(JSValueConst object, const char *name) {
  return JS_GetPropertyStr(js, object, name);
}

/* A whole number up to `max`; -1 for null. */
static bool get_number(JSValueConst object, const char *name, double max, int64_t *number) {
  JSValue value = get(object, name);
  double given = -1;
  bool absent = JS_IsNull(value);
  if (JS_IsNumber(value)) JS_ToFloat64(js, &given, value);
  JS_FreeValue(js, value);
  bool valid = given >= 0 && given <= max && given == (double)(int64_t)given;
  *number = valid ? (int64_t)given : -1;
  return valid || absent;
}

static char *get_string(struct arena *arena, JSValueConst object, const char *name) {
  JSValue value = get(object, name);
  char *text = arena_string(arena, value);
  JS_FreeValue(js, value);
  return text;
}

/* A NULL-terminated list, with room for ENTRIES_MORE. With `own`, numbers are positions in
 * `environment`, and *own becomes the first entry that is a string. */
static char **string_list(struct arena *arena, JSValueConst array, const char **own) {
  int64_t length = array_length(array);
  size_t room = (size_t)(length + ENTRIES_MORE + 1);
  char **list = length >= 0 && length <= LIST_MAX ? arena_take(arena, room * sizeof *list) : NULL;
  if (!list) return NULL;
  for (int64_t i = 0; i < length; i++) {
    JSValue item = JS_GetPropertyUint32(js, array, (uint32_t)i);
    double position = -1;
    if (JS_IsNumber(item)) JS_ToFloat64(js, &position, item);
    bool known = own && position >= 0 && position < (double)environment_count;
    list[i] = known ? environment[(size_t)position] : arena_string(arena, item);
    JS_FreeValue(js, item);
    if (!list[i]) return NULL;
    if (own && !known && !*own) *own = list[i];
  }
  list[length] = NULL;
  return list;
}

static const char *path_of(char **envp) {
  for (; *envp; envp++)
    if (strncmp(*envp, "PATH=", 5) == 0) return *envp + 5;
  return default_path;
}

/* The files that a command may name, in the order of execvp, with the daemon's own PATH. */
static char **candidates(struct arena *arena, char *command, char **envp) {
  const char *path = path_of(envp);
  size_t count = 2;
  for (const char *c = path; *c; c++) count += *c == ':';
  char **list = arena_take(arena, (count + 1) * sizeof *list);
  if (!list) return NULL;
  size_t at = 0;
  if (strchr(command, '/') || *command == 0) {
    list[at++] = command;
    path = NULL;
  }
  while (path) {
    const char *end = strchrnul(path, ':');
    size_t bytes = (size_t)(end - path) + strlen(command) + 3;
    char *file = arena_take(arena, bytes);
    if (!file) return NULL;
    /* An empty entry is the working directory. */
    snprintf(file, bytes, "%.*s/%s", end == path ? 1 : (int)(end - path), end == path ? "." : path,
             command);
    list[at++] = file;
    path = *end ? end + 1 : NULL;
  }
  list[at] = NULL;
  return list;
}

/* "/bin/sh", a place for the script, and its arguments. NULL without memory. */
static char **script_argv(struct arena *arena, char **argv) {
  static char shell[] = "/bin/sh";
  size_t count = 1;
  while (argv[count]) count++;
  char **list = arena_take(arena, (count + 2) * sizeof *list);
  if (!list) return NULL;
  list[0] = shell;
  memcpy(list + 2, argv + 1, count * sizeof *list); /* includes the NULL */
  return list;
}

/* Call after envp is set, which contains PATH. */
static bool read_command(struct arena *arena, JSValueConst object, struct spawn_spec *spec) {
  JSValue command = get(object, "command");
  bool self = JS_IsObject(command) && !JS_IsArray(command);
  if (self) {
    JSValue args = get(command, "self");
    spec->argv = self_argv(arena, args);
    JS_FreeValue(js, args);
  } else if (JS_IsNumber(command)) {
    int32_t from = -1;
    JS_ToInt32(js, &from, command);
    /* The position excludes the program's name. */
    spec->argv = from >= 0 && from + 1 < process_argc ? process_argv + from + 1 : NULL;
    if (spec->argv) spec->script_argv = script_argv(arena, spec->argv);
  } else {
    spec->argv = string_list(arena, command, NULL);
  }
  JS_FreeValue(js, command);
  if (!spec->argv || !spec->argv[0]) return false;
  spec->candidates = self ? NULL : candidates(arena, spec->argv[0], spec->envp);
  return self || spec->candidates;
}

static bool read_stdio(struct arena *arena, JSValueConst object, struct spawn_spec *spec) {
  static const char *const names[] = {
      [STDIO_PUMP] = "pump", [STDIO_NULL] = "null", [STDIO_INHERIT] = "inherit"};
  const char *name = get_string(arena, object, "stdio");
  for (int i = STDIO_PUMP; name && i <= STDIO_INHERIT; i++) {
    spec->stdio = (enum stdio)i;
    if (strcmp(name, names[i]) == 0) return true;
  }
  return false;
}

/* How it reports readiness, and whether it gets a NOTIFY_SOCKET. */
static bool read_ready(struct arena *arena, JSValueConst object, struct spawn_spec *spec) {
  JSValue notify = get(object, "notify"), ready = get(object, "ready");
  const char *type = JS_IsObject(ready) ? get_string(arena, ready, "type") : NULL;
  int64_t fd = -1;
  bool ok = JS_IsBool(notify) && (type || JS_IsNull(ready));
  spec->notify = ok && JS_VALUE_GET_BOOL(notify);
  if (type && strcmp(type, "notify") == 0) {
    spec->ready = READY_BY_NOTIFY;
    spec->notify = true;
  } else if (type && strcmp(type, "fd") == 0) {
    spec->ready = READY_BY_FD;
    ok = ok && get_number(ready, "fd", READY_FD_MAX, &fd) && fd >= READY_FD_MIN;
    spec->ready_fd = (int)fd;
  } else if (type && strcmp(type, "log") == 0) {
    spec->ready = READY_BY_LOG;
    spec->ready_text = get_string(arena, ready, "text");
    ok = ok && spec->stdio == STDIO_PUMP && spec->ready_text &&
         strlen(spec->ready_text) <= GLOB_BYTES_MAX;
  } else if (type) {
    ok = false;
  }
  JS_FreeValue(js, ready);
  JS_FreeValue(js, notify);
  return ok;
}

static bool read_control(JSValueConst object, struct spawn_spec *spec) {
  JSValue control = get(object, "control");
  bool ok = JS_IsBool(control);
  spec->control = ok && JS_VALUE_GET_BOOL(control);
  JS_FreeValue(js, control);
  return ok;
}

/* A number, or "unlimited". */
static bool read_limit(JSValueConst limit, const char *name, rlim_t *bound) {
  int64_t number = -1;
  *bound = RLIM_INFINITY;
  JSValue value = get(limit, name);
  const char *text = JS_IsString(value) ? JS_ToCString(js, value) : NULL;
  bool ok = text && strcmp(text, "unlimited") == 0;
  if (!text && get_number(limit, name, 9007199254740991.0, &number) && number >= 0) {
    *bound = (rlim_t)number;
    ok = true;
  }
  JS_FreeCString(js, text);
  JS_FreeValue(js, value);
  return ok;
}

/* -1: none of this name. */
static int resource_of(const char *name) {
  static const struct {
    const char *name;
    int number;
  } resources[] = {{"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
                   {"data", RLIMIT_DATA},     {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
                   {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK}};
  for (size_t i = 0; name && i < sizeof resources / sizeof *resources; i++)
    if (strcmp(resources[i].name, name) == 0) return resources[i].number;
  return -1;
}

static bool add_limit(JSValueConst limits, JSAtom key, struct spawn_spec *spec) {
  if (spec->limit_count == SPAWN_LIMITS_MAX) return false;
  struct spawn_limit *added = &spec->limits[spec->limit_count++];
  const char *name = JS_AtomToCString(js, key);
  JSValue limit = JS_GetProperty(js, limits, key);
  added->resource = resource_of(name);
  bool ok = added->resource >= 0 && read_limit(limit, "soft", &added->soft) &&
            read_limit(limit, "hard", &added->hard);
  JS_FreeValue(js, limit);
  JS_FreeCString(js, name);
  return ok;
}

static bool read_limits(JSValueConst object, struct spawn_spec *spec) {
  JSValue limits = get(object, "limits");
  JSPropertyEnum *keys = NULL;
  uint32_t count = 0;
  bool ok =
      JS_IsObject(limits) &&
      JS_GetOwnPropertyNames(js, &keys, &count, limits, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) == 0;
  for (uint32_t i = 0; ok && i < count; i++) ok = add_limit(limits, keys[i].atom, spec);
  JS_FreePropertyEnum(js, keys, count);
  JS_FreeValue(js, limits);
  return ok;
}

static bool read_numbers(JSValueConst object, JSValueConst run, struct spawn_spec *spec) {
  int64_t number = to_id(run), mask;
  bool ok = number >= 0 && number <= INT32_MAX && get_number(object, "umask", 0777, &mask);
  spec->number = ok ? (int)number : -1;
  spec->umask = ok ? (int)mask : -1;
  return ok;
}

/* A string or null. False for anything else, which must not be taken for our own user: that may be
 * root. */
static bool read_name(struct arena *arena, JSValueConst object, const char *key,
                      const char **name) {
  JSValue value = get(object, key);
  *name = arena_string(arena, value);
  bool ok = *name || JS_IsNull(value);
  JS_FreeValue(js, value);
  return ok;
}

/* The arguments: the daemon, the number of the run, its environment, and its channels. */
static bool read_spec(struct arena *arena, JSValueConst *argv, struct spawn_spec *spec) {
  JSValueConst object = argv[0], channels = argv[3];
  spec->daemon = get_string(arena, object, "name");
  spec->envp = string_list(arena, argv[2], &spec->own_entry);
  return spec->daemon && *spec->daemon && strlen(spec->daemon) <= NAME_BYTES_MAX && spec->envp &&
         read_name(arena, object, "cwd", &spec->cwd) &&
         read_name(arena, object, "user", &spec->user) &&
         read_name(arena, object, "group", &spec->group) && read_numbers(object, argv[1], spec) &&
         read_limits(object, spec) && read_stdio(arena, channels, spec) &&
         read_ready(arena, channels, spec) && read_control(channels, spec) &&
         read_command(arena, object, spec);
}

FUNCTION(host_spawn) {
  UNUSED;
  struct start *start = start_new();
  struct spawn_answer answer = {.failure = {"fork", errno}};
  if (start && read_spec(&start->arena, argv, &start->spec)) {
    answer = spawn_run(start);
  } else if (start) {
    answer.failure = (struct spawn_failure){"spec", EINVAL};
    start_release(start);
  }
  JSValue result = JS_NewObject(ctx);
  if (answer.pid > 0) {
    set(result, "pid", JS_NewInt32(ctx, answer.pid));
    if (answer.is_slow) set(result, "isSlow", JS_TRUE);
  } else {
    set_failure(result, &answer.failure);
    if (*answer.head) set(result, "head", JS_NewString(ctx, answer.head));
  }
  return result;
}

static const JSCFunctionListEntry spawn_functions[] = {JS_CFUNC_DEF("spawn", 4, host_spawn)};

void bind_spawn(JSValue host) { JS_SetPropertyFunctionList(js, host, spawn_functions, 1); }
