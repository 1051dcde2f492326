/* Functions of src/host/system.ts for client verbs: the connection, the terminal, time. Thin:
 * convert, call, convert back. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "control/connection.h"
#include "control/upload.h"
#include "engine/bind.h"
#include "engine/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

FUNCTION(host_connect) {
  UNUSED;
  struct arena arena = {0};
  const char *path = arena_string(&arena, argv[0]);
  int error = path ? connection_open(path) : EINVAL;
  arena_free(&arena);
  return errno_or_null(error);
}

FUNCTION(host_send) {
  UNUSED;
  size_t bytes;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[0]);
  int error = text ? connection_send(text, bytes) : ENOMEM;
  JS_FreeCString(ctx, text);
  return errno_or_null(error);
}

/* { bytes } or { error } */
FUNCTION(host_read_content) {
  UNUSED;
  struct arena arena = {0};
  const char *path = arena_string(&arena, argv[0]);
  size_t bytes = 0;
  const char *error = path ? upload_read(path, to_size(argv[1]), &bytes) : "EINVAL";
  arena_free(&arena);
  JSValue answer = JS_NewObject(ctx);
  if (error)
    set(answer, "error", JS_NewString(ctx, error));
  else
    set(answer, "bytes", JS_NewFloat64(ctx, (double)bytes));
  return answer;
}

FUNCTION(host_send_content) {
  UNUSED;
  return errno_or_null(upload_send());
}

FUNCTION(host_disconnect) {
  UNUSED;
  connection_close();
  return JS_UNDEFINED;
}

/* Between bytes and text with one character per byte: bytes from 0x80 on are two bytes in UTF-8. */
static size_t bytes_to_utf8(const char *bytes, size_t count, char *text) {
  char *end = text;
  for (size_t i = 0; i < count; i++) {
    unsigned byte = (unsigned char)bytes[i];
    if (byte >= 0x80) *end++ = (char)(0xc0 | byte >> 6);
    *end++ = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
  }
  return (size_t)(end - text);
}

/* In place, since it never grows. A character above 0xff becomes an arbitrary byte. */
static size_t utf8_to_bytes(char *text, size_t count) {
  char *end = text;
  for (size_t i = 0; i < count; i++) {
    unsigned character = (unsigned char)text[i];
    if (character >= 0xc0 && i + 1 < count)
      character = character << 6 | ((unsigned char)text[++i] & 0x3f);
    *end++ = (char)character;
  }
  return (size_t)(end - text);
}

static JSValue characters_of(JSContext *ctx, const char *lines, size_t bytes) {
  char *text = malloc(bytes * 2);
  if (!text) return JS_ThrowOutOfMemory(ctx);
  JSValue string = JS_NewStringLen(ctx, text, bytes_to_utf8(lines, bytes, text));
  free(text);
  return string;
}

/* The one read that a verb awaits. */
static struct {
  JSValue done; /* is called with the result */
  double timeout_ms;
  bool is_open, as_bytes;
} reading;

static JSValue receive(JSContext *ctx, JSValueConst *argv, bool as_bytes) {
  if (reading.is_open) return JS_ThrowInternalError(ctx, "it receives already");
  reading.done = JS_DupValue(ctx, argv[1]);
  reading.timeout_ms = to_double(argv[0]);
  reading.is_open = true;
  reading.as_bytes = as_bytes;
  return JS_UNDEFINED;
}

static JSValue received(void) {
  const char *lines;
  size_t bytes;
  switch (connection_receive(reading.timeout_ms, &lines, &bytes)) {
    case RECEIVED_END: return JS_NULL;
    case RECEIVED_NOTHING: return JS_NewString(js, "");
    default:
      return reading.as_bytes ? characters_of(js, lines, bytes) : JS_NewStringLen(js, lines, bytes);
  }
}

static bool finish_reading(void) {
  if (!reading.is_open) return false;
  JSValue done = reading.done, text = received();
  reading.is_open = false;
  JSValue result = JS_IsException(text) ? text : JS_Call(js, done, JS_UNDEFINED, 1, &text);
  bool ok = !JS_IsException(result);
  JS_FreeValue(js, result);
  JS_FreeValue(js, text);
  JS_FreeValue(js, done);
  return ok;
}

FUNCTION(host_receive) {
  UNUSED;
  return receive(ctx, argv, false);
}

FUNCTION(host_receive_bytes) {
  UNUSED;
  return receive(ctx, argv, true);
}

FUNCTION(host_write_bytes) {
  UNUSED;
  size_t bytes;
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[0]);
  char *copy = text ? malloc(bytes + 1) : NULL;
  if (copy) {
    memcpy(copy, text, bytes);
    verb_write_stdout(copy, utf8_to_bytes(copy, bytes));
  }
  free(copy);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

FUNCTION(host_now) {
  UNUSED;
  return JS_NewFloat64(ctx, now_ms());
}

FUNCTION(host_terminal_size) {
  UNUSED;
  struct winsize size;
  /* A new terminal may not know its size yet. */
  if (!isatty(1) || ioctl(1, TIOCGWINSZ, &size) != 0 || !size.ws_col || !size.ws_row)
    return JS_NULL;
  JSValue answer = JS_NewObject(ctx);
  set(answer, "columns", JS_NewInt32(ctx, size.ws_col));
  set(answer, "rows", JS_NewInt32(ctx, size.ws_row));
  return answer;
}

FUNCTION(host_sleep) {
  UNUSED;
  double ms = to_double(argv[0]);
  if (!(ms > 0)) return JS_UNDEFINED;
  if (ms > 1e12) ms = 1e12;
  struct timespec left = {(time_t)(ms / 1e3), 0};
  left.tv_nsec = (long)((ms - (double)left.tv_sec * 1e3) * 1e6);
  while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry verb_functions[] = {
    JS_CFUNC_DEF("connect", 1, host_connect),
    JS_CFUNC_DEF("send", 1, host_send),
    JS_CFUNC_DEF("readContent", 2, host_read_content),
    JS_CFUNC_DEF("sendContent", 0, host_send_content),
    JS_CFUNC_DEF("receive", 2, host_receive),
    JS_CFUNC_DEF("receiveBytes", 2, host_receive_bytes),
    JS_CFUNC_DEF("writeBytes", 1, host_write_bytes),
    JS_CFUNC_DEF("disconnect", 0, host_disconnect),
    JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("terminalSize", 0, host_terminal_size),
    JS_CFUNC_DEF("sleep", 1, host_sleep),
};

static void bind_verb(JSValue host) {
  bind_system(host);
  JS_SetPropertyFunctionList(js, host, verb_functions,
                             sizeof verb_functions / sizeof *verb_functions);
}

const struct engine_host verb_host = {.bind = bind_verb, .wait = finish_reading};
