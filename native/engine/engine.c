/* The engine, quickjs-ng, and the guard around every call of the policy: 100 ms of processor time,
 * and limits on memory and stack. A call that fails is followed by one call of `recover`, with
 * extra memory and time. If that fails, too, it is logged, and the next event is delivered as
 * usual. */
#define _GNU_SOURCE
#include "engine/engine.h"
#include "base/clock.h"
#include "base/file.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  MEMORY_BYTES = 48 * 1024 * 1024,
  MEMORY_RESERVE_BYTES = 8 * 1024 * 1024,
  CLIENT_MEMORY_BYTES = 256 * 1024 * 1024,
  CLIENT_GARBAGE_BYTES = 8 * 1024 * 1024, /* most verbs end before the first collection */
  GARBAGE_BYTES = 768 * 1024,             /* more than its images use */
  STACK_BYTES = 512 * 1024,
  EVENT_MS_MAX = 100,
  START_MS_MAX = 2000,
  BROKEN_EXIT = 70,
  LOADED_BYTES = 64 * 1024, /* of a file, around a page that is missing */
  REJECTIONS_MAX = 32, /* further ones are not reported */
};

JSContext *js;
static JSRuntime *runtime;
static const struct engine_host *engine_host;
static JSValue handle_function, recover_function;
static int64_t deadline_ns;

/* ---- images, added by the linker: the build creates an object file for each, with a symbol at its
 * start and at its end */

struct bytecode {
  const uint8_t *start;
  size_t bytes;
};

#define IMAGE(name) extern const uint8_t image_##name##_start[], image_##name##_end[]
IMAGE(init);
IMAGE(supervisor);
IMAGE(auxiliary);
IMAGE(one);
IMAGE(check);
IMAGE(operations);
IMAGE(control);
#define CODE(name) \
  { image_##name##_start, (size_t)(image_##name##_end - image_##name##_start) }

static struct bytecode image_code(enum image image) {
  switch (image) {
    case IMAGE_INIT: return (struct bytecode)CODE(init);
    case IMAGE_SUPERVISOR: return (struct bytecode)CODE(supervisor);
    case IMAGE_AUXILIARY: return (struct bytecode)CODE(auxiliary);
    case IMAGE_ONE: return (struct bytecode)CODE(one);
    case IMAGE_CHECK: return (struct bytecode)CODE(check);
    case IMAGE_OPERATIONS: return (struct bytecode)CODE(operations);
    default: return (struct bytecode)CODE(control);
  }
}

/* Modules of client verbs, in the same way: a table of all. */
extern const struct module {
  const char *name;
  const uint8_t *start, *end;
} modules[], modules_end[];

/* ---- guarded calls */

static int is_overdue(JSRuntime *rt, void *opaque) {
  (void)rt, (void)opaque;
  return deadline_ns != 0 && cpu_ns() > deadline_ns;
}

static void set_deadline(int ms) { deadline_ns = ms ? cpu_ns() + (int64_t)ms * 1000000 : 0; }

/* Puts a stack on one line, without places: the images have none (scripts/build.mjs). */
static void make_one_line(char *text) {
  const char no_place[] = " (<null>:0:1)";
  const size_t length = sizeof no_place - 1;
  char *to = text;
  for (const char *from = text; *from;) {
    if (strncmp(from, no_place, length) == 0) {
      from += length;
      continue;
    }
    char next = *from++;
    if (next == '\n') next = ' ';
    if (next != ' ' || (to > text && to[-1] != ' ')) *to++ = next;
  }
  if (to > text && to[-1] == ' ') to--;
  *to = 0;
}

/* Describes the pending exception and clears it. After an out-of-memory it is null, and the
 * description itself may fail. */
static void describe_exception(char *text, size_t room) {
  bool late = is_overdue(NULL, NULL);
  set_deadline(EVENT_MS_MAX);
  JSValue thrown = JS_GetException(js);
  JS_ResetUncatchableError(js);
  const char *message = JS_IsNull(thrown) ? NULL : JS_ToCString(js, thrown);
  JSValue stack_value = JS_IsObject(thrown) ? JS_GetPropertyStr(js, thrown, "stack") : JS_UNDEFINED;
  const char *stack = JS_IsString(stack_value) ? JS_ToCString(js, stack_value) : NULL;
  if (late)
    snprintf(text, room, "took longer than %d ms", EVENT_MS_MAX);
  else if (!message)
    snprintf(text, room, "out of memory");
  else
    snprintf(text, room, "%s%s%s", message, stack && *stack ? " " : "", stack ? stack : "");
  if (message) JS_FreeCString(js, message);
  if (stack) JS_FreeCString(js, stack);
  JS_FreeValue(js, stack_value);
  JS_FreeValue(js, thrown);
  /* The description may have failed. */
  if (JS_HasException(js)) JS_FreeValue(js, JS_GetException(js));
  make_one_line(text);
}

static bool call(JSValue function, int argc, JSValue *argv) {
  set_deadline(EVENT_MS_MAX);
  JSValue result = JS_Call(js, function, JS_UNDEFINED, argc, argv);
  bool ok = !JS_IsException(result);
  JS_FreeValue(js, result);
  return ok;
}

static void recover(const char *problem) {
  JSValue arguments[] = {JS_NewString(js, problem),
                         JS_NewBool(js, engine_host->is_shutdown_requested())};
  if (!call(recover_function, 2, arguments)) {
    char again[512], line[640];
    describe_exception(again, sizeof again);
    int n = snprintf(line, sizeof line, "pitcrew: cannot recover: %s\n", again);
    engine_host->print(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
  }
  JS_FreeValue(js, arguments[0]);
}

void engine_handle(JSValue event) {
  bool ok = !JS_IsException(event) && call(handle_function, 1, &event);
  if (!ok) {
    JS_SetMemoryLimit(runtime, MEMORY_BYTES + MEMORY_RESERVE_BYTES);
    char problem[1024];
    describe_exception(problem, sizeof problem);
    JS_FreeValue(js, event);
    event = JS_UNDEFINED;
    JS_RunGC(runtime);
    recover(problem);
    JS_RunGC(runtime);
    JS_SetMemoryLimit(runtime, MEMORY_BYTES);
  }
  JS_FreeValue(js, event);
  set_deadline(0);
}

/* ---- promises, which only client verbs have
 *
 * Nothing happens in the background: all jobs are executed one after the other, and when none is
 * left, the host waits for the one thing that the verb awaits.
 *
 * A rejection that is unhandled when all jobs are done or the verb ends is a bug; until then it may
 * still be handled. */

static struct { JSValue promise, reason; } rejections[REJECTIONS_MAX];
static size_t rejection_count;

static void note_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason,
                           bool is_handled, void *opaque) {
  (void)opaque;
  if (!is_handled) {
    if (rejection_count == REJECTIONS_MAX) return;
    rejections[rejection_count].promise = JS_DupValue(ctx, promise);
    rejections[rejection_count++].reason = JS_DupValue(ctx, reason);
    return;
  }
  size_t at = 0;
  while (at < rejection_count &&
         JS_VALUE_GET_PTR(rejections[at].promise) != JS_VALUE_GET_PTR(promise))
    at++;
  if (at == rejection_count) return;
  JS_FreeValue(ctx, rejections[at].promise);
  JS_FreeValue(ctx, rejections[at].reason);
  for (rejection_count--; at < rejection_count; at++) rejections[at] = rejections[at + 1];
}

static bool check_rejections(void) {
  if (rejection_count == 0) return true;
  JS_Throw(js, JS_DupValue(js, rejections[0].reason));
  return false;
}

/* Executes jobs until none is left. False, as above: an exception is pending. */
static bool run_jobs(void) {
  JSContext *context;
  int done;
  while ((done = JS_ExecutePendingJob(runtime, &context)) > 0) continue;
  return done == 0 && check_rejections();
}

/* ---- start and end */

/* Only what the images use: each intrinsic costs time and memory at every start. */
static void add_intrinsics(bool for_init) {
  JS_AddIntrinsicBaseObjects(js);
  JS_AddIntrinsicJSON(js);
  JS_AddIntrinsicMapSet(js);
  if (for_init) return;
  JS_AddIntrinsicRegExpCompiler(js);
  JS_AddIntrinsicRegExp(js);
  JS_AddIntrinsicPromise(js);
}

static _Noreturn void exit_broken(const char *what) {
  char problem[2048], line[2200];
  describe_exception(problem, sizeof problem);
  int n = snprintf(line, sizeof line, "pitcrew: cannot %s (a bug of pitcrew): %s\n", what, problem);
  write_all(2, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
  _exit(BROKEN_EXIT);
}

void engine_exit(int code) {
  if (!check_rejections()) exit_broken("go on");
  _exit(code);
}

/* The engine has copied the code and never reads it again: its pages leave our memory, and those of
 * other images that the kernel loaded with them. The first and the last page of all images may have
 * other constant data, which is then read from the file again. */
static void release(struct bytecode bytecode) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)bytecode.start;
  uintptr_t first = start / LOADED_BYTES * LOADED_BYTES;
  uintptr_t end = (start + bytecode.bytes + LOADED_BYTES - 1) / LOADED_BYTES * LOADED_BYTES;
  uintptr_t all = (uintptr_t)image_init_start / page * page, all_end = (uintptr_t)image_one_end;
  if (first < all) first = all;
  if (end > all_end) end = all_end;
  madvise((void *)first, end - first, MADV_DONTNEED);
}

/* False: an exception is pending. */
static bool evaluate(enum image image) {
  struct bytecode bytecode = image_code(image);
  JSValue code = JS_ReadObject(js, bytecode.start, bytecode.bytes, JS_READ_OBJ_BYTECODE);
  release(bytecode);
  if (JS_IsException(code)) return false;
  JSValue result = JS_EvalFunction(js, code);
  JS_FreeValue(js, result);
  return !JS_IsException(result);
}

JSValue engine_load(enum image image, const char *name) {
  JSValue global = JS_GetGlobalObject(js), value = JS_GetPropertyStr(js, global, name);
  if (JS_IsUndefined(value))
    value = evaluate(image) ? JS_GetPropertyStr(js, global, name) : JS_EXCEPTION;
  JS_FreeValue(js, global);
  return value;
}

static struct {
  enum image image;
  const char *name; /* NULL: none */
} preload;

void engine_preload(enum image image, const char *name) {
  preload.image = image;
  preload.name = name;
}

/* A failure is reported by the call that needs the image. */
void engine_turn(void) {
  if (!preload.name) return;
  JSValue value = engine_load(preload.image, preload.name);
  preload.name = NULL;
  if (JS_IsException(value)) JS_FreeValue(js, JS_GetException(js));
  JS_FreeValue(js, value);
}

/* Reads a module, and by further calls of this function the modules that it imports. NULL: an
 * exception is pending. */
static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  const struct module *module = modules;
  while (module < modules_end && strcmp(module->name, name) != 0) module++;
  if (module == modules_end) {
    JS_ThrowReferenceError(ctx, "there is no module %s", name);
    return NULL;
  }
  size_t bytes = (size_t)(module->end - module->start);
  JSValue code = JS_ReadObject(ctx, module->start, bytes, JS_READ_OBJ_BYTECODE);
  if (JS_IsException(code)) return NULL;
  JSModuleDef *loaded = JS_VALUE_GET_PTR(code);
  JS_FreeValue(ctx, code); /* The context owns it. */
  return loaded;
}

/* False: an exception is pending. */
static bool evaluate_module(const char *name) {
  JSModuleDef *module = load_module(js, name, NULL);
  if (!module) return false;
  JSValue code = JS_MKPTR(JS_TAG_MODULE, module);
  if (JS_ResolveModule(js, code) != 0) return false;
  JSValue promise = JS_EvalFunction(js, JS_DupValue(js, code));
  if (JS_IsException(promise)) return false;
  if (JS_PromiseState(js, promise) == JS_PROMISE_REJECTED) {
    JS_Throw(js, JS_PromiseResult(js, promise));
    return false;
  }
  JS_FreeValue(js, promise);
  return true;
}

static void start(bool for_init, const struct engine_host *host) {
  engine_host = host;
  runtime = JS_NewRuntime();
  if (!runtime || !(js = JS_NewContextRaw(runtime))) _exit(BROKEN_EXIT);
  add_intrinsics(for_init);
  JS_SetMemoryLimit(runtime, for_init ? MEMORY_BYTES : CLIENT_MEMORY_BYTES);
  JS_SetMaxStackSize(runtime, STACK_BYTES);
  JS_SetInterruptHandler(runtime, is_overdue, NULL);
  JSValue global = JS_GetGlobalObject(js), functions = JS_NewObject(js);
  host->bind(functions);
  JS_SetPropertyStr(js, global, "pitcrewHost", functions);
  JS_FreeValue(js, global);
}

void engine_run_init(enum image image, const struct engine_host *host) {
  start(true, host);
  JS_SetGCThreshold(runtime, GARBAGE_BYTES);
  set_deadline(START_MS_MAX);
  if (!evaluate(image)) exit_broken("start");
  set_deadline(0);
  JSValue global = JS_GetGlobalObject(js);
  JSValue handlers = JS_GetPropertyStr(js, global, "pitcrewHandlers");
  handle_function = JS_GetPropertyStr(js, handlers, "handle");
  recover_function = JS_GetPropertyStr(js, handlers, "recover");
  JS_FreeValue(js, handlers);
  JS_FreeValue(js, global);
  if (!JS_IsFunction(js, handle_function) || !JS_IsFunction(js, recover_function))
    exit_broken("find its own handlers");
}

void engine_end_is_near(void) { JS_SetGCThreshold(runtime, MEMORY_BYTES / 2); }

void engine_run_verb(const char *module, const struct engine_host *host) {
  start(false, host);
  JS_SetGCThreshold(runtime, CLIENT_GARBAGE_BYTES);
  JS_SetHostPromiseRejectionTracker(runtime, note_rejection, NULL);
  JS_SetModuleLoaderFunc(runtime, NULL, load_module, NULL);
  if (!evaluate_module(module)) exit_broken("start");
  do
    if (!run_jobs()) exit_broken("go on");
  while (host->wait());
  if (JS_HasException(js)) exit_broken("go on");
  const char text[] = "pitcrew: internal error: the verb never ended\n";
  write_all(2, text, sizeof text - 1);
  _exit(BROKEN_EXIT);
}
