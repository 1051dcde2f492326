/* Promises, which only the client verbs have. Nothing of theirs is going on behind the engine's
 * back: whatever they wait for is waited for inside a call. So all jobs are done one after the
 * other, and when none is left, nothing can happen any more.
 *
 * A rejection is nobody's when nobody has asked for it by the time that all jobs are done or the
 * verb ends: until then it may still be caught. */
#include "engine.h"

enum { REJECTIONS_MAX = 32 }; /* More at once than that are not told. */

static struct { JSValue promise, reason; } rejections[REJECTIONS_MAX];
static size_t count;

static void note_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason,
                           bool is_handled, void *opaque) {
  (void)opaque;
  if (!is_handled) {
    if (count == REJECTIONS_MAX) return;
    rejections[count].promise = JS_DupValue(ctx, promise);
    rejections[count++].reason = JS_DupValue(ctx, reason);
    return;
  }
  size_t at = 0;
  while (at < count && JS_VALUE_GET_PTR(rejections[at].promise) != JS_VALUE_GET_PTR(promise)) at++;
  if (at == count) return;
  JS_FreeValue(ctx, rejections[at].promise);
  JS_FreeValue(ctx, rejections[at].reason);
  for (count--; at < count; at++) rejections[at] = rejections[at + 1];
}

void jobs_init(JSRuntime *runtime) {
  JS_SetHostPromiseRejectionTracker(runtime, note_rejection, NULL);
}

bool jobs_run(JSRuntime *runtime) {
  JSContext *context;
  int done;
  while ((done = JS_ExecutePendingJob(runtime, &context)) > 0) continue;
  return done == 0 && jobs_all_caught();
}

bool jobs_all_caught(void) {
  if (count == 0) return true;
  JS_Throw(js, JS_DupValue(js, rejections[0].reason));
  return false;
}
