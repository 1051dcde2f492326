/* Functions of src/host/host.ts for the control plane: folders, the lock, the socket, clients.
 * Thin: convert, call, convert back. */
#define _GNU_SOURCE
#include "base/file.h"
#include "control/client.h"
#include "control/client_input.h"
#include "control/content.h"
#include "control/listen.h"
#include "control/lock.h"
#include "engine/bind.h"
#include "engine/values.h"

#include <errno.h>
#include <stdio.h>

enum { CONTENT_MS = 30000 };

/* Creates a folder and the one above it. */
static int make_own_folder(const char *path) {
  char inside[4096];
  if (snprintf(inside, sizeof inside, "%s/", path) >= (int)sizeof inside) return ENAMETOOLONG;
  return create_folder(inside, 1);
}

FUNCTION(host_make_folder) {
  UNUSED;
  struct arena arena = {0};
  const char *path = arena_string(&arena, argv[0]);
  int error = path ? make_own_folder(path) : EINVAL;
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_listen) {
  UNUSED;
  struct arena arena = {0};
  size_t bytes = 0;
  const char *path = arena_string(&arena, argv[0]);
  const char *line = JS_IsString(argv[1]) ? JS_ToCStringLen(ctx, &bytes, argv[1]) : NULL;
  int error = path && line ? listen_at(path, line, bytes) : EINVAL;
  if (line) JS_FreeCString(ctx, line);
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_lock) {
  UNUSED;
  struct arena arena = {0};
  size_t bytes = 0;
  struct lock_holder holder = {0};
  const char *path = arena_string(&arena, argv[0]);
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  errno = EINVAL;
  enum lock lock = path && text ? lock_take(path, text, bytes, &holder) : LOCK_FAILED;
  int error = errno;
  JS_FreeCString(ctx, text);
  arena_free(&arena);
  if (lock == LOCK_OURS) return JS_NULL;
  JSValue answer = JS_NewObject(ctx);
  if (lock == LOCK_HELD) {
    set(answer, "holder", JS_NewStringLen(ctx, holder.text, holder.bytes));
    set(answer, "pid", JS_NewInt32(ctx, holder.pid));
  } else {
    set(answer, "errno", JS_NewString(ctx, errno_name(error)));
  }
  return answer;
}

FUNCTION(host_adopt_client) {
  UNUSED;
  return errno_or_null(client_adopt(to_int(argv[0])));
}

static struct client *client_of(JSValueConst id) {
  size_t number = to_size(id);
  return number <= INT64_MAX ? client_find((int64_t)number) : NULL;
}

FUNCTION(host_send) {
  UNUSED;
  struct client *client = client_of(argv[0]);
  size_t bytes = 0;
  const char *line = client ? JS_ToCStringLen(ctx, &bytes, argv[1]) : NULL;
  bool queued = line && client_put_line(client, line, bytes);
  if (client && !queued) client_cut_off(client);
  JS_FreeCString(ctx, line);
  return JS_NewBool(ctx, queued);
}

FUNCTION(host_queued) {
  UNUSED;
  struct client *client = client_of(argv[0]);
  return JS_NewFloat64(ctx, client ? (double)client_queued(client) : 0);
}

FUNCTION(host_close_client) {
  UNUSED;
  struct client *client = client_of(argv[0]);
  if (client) client_end(client);
  return JS_UNDEFINED;
}

FUNCTION(host_keep_client) {
  UNUSED;
  struct client *client = client_of(argv[0]);
  bool is_kept = client && client->way == BY_DAEMON_FD && client->run;
  if (is_kept) client->reported = false;
  return JS_NewBool(ctx, is_kept);
}

FUNCTION(host_receive_content) {
  UNUSED;
  double timeout_ms = JS_IsUndefined(argv[2]) ? CONTENT_MS : to_double(argv[2]);
  struct client *client = client_of(argv[0]);
  if (!client) return errno_or_null(ENOENT);
  if (!client_is_in_line(client)) return errno_or_null(EINVAL);
  return errno_or_null(content_begin(client, to_size(argv[1]), timeout_ms));
}

FUNCTION(host_drop_content) {
  UNUSED;
  int64_t client = to_id(argv[0]);
  if (content_of(client) >= 0) content_drop(client);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry control_functions[] = {
    JS_CFUNC_DEF("makeFolder", 1, host_make_folder),
    JS_CFUNC_DEF("lock", 2, host_lock),
    JS_CFUNC_DEF("listen", 2, host_listen),
    JS_CFUNC_DEF("adoptClient", 1, host_adopt_client),
    JS_CFUNC_DEF("send", 2, host_send),
    JS_CFUNC_DEF("queued", 1, host_queued),
    JS_CFUNC_DEF("closeClient", 1, host_close_client),
    JS_CFUNC_DEF("keepClient", 1, host_keep_client),
    JS_CFUNC_DEF("receiveContent", 3, host_receive_content),
    JS_CFUNC_DEF("dropContent", 1, host_drop_content),
};

void bind_control(JSValue host) {
  JS_SetPropertyFunctionList(js, host, control_functions,
                             sizeof control_functions / sizeof *control_functions);
}
