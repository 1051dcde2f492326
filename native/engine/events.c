/* Builds each event as one object. */
#define _GNU_SOURCE
#include "engine/events.h"
#include "engine/values.h"
#include "tree/runs.h"

#include <sys/wait.h>

static JSValue event_new(const char *type) {
  JSValue event = JS_NewObject(js);
  set(event, "type", JS_NewString(js, type));
  return event;
}

static JSValue run_event(const char *type, const char *daemon, int run) {
  JSValue event = event_new(type);
  set(event, "daemon", JS_NewString(js, daemon));
  set(event, "run", JS_NewInt32(js, run));
  return event;
}

static void set_exit(JSValue event, int wait_status) {
  set(event, "code", JS_NewInt32(js, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0));
  set(event, "signal", JS_NewInt32(js, WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0));
}

void event_signal(int signal, bool hangup) {
  JSValue event = event_new("signal");
  set(event, "signal", JS_NewInt32(js, signal));
  set(event, "hangup", JS_NewBool(js, hangup));
  engine_handle(event);
}

void event_exited(const struct run *run) {
  JSValue event = run_event("exited", run->daemon, run->number);
  set_run_exit(event, run);
  set(event, "gone", JS_NewBool(js, run->gone));
  set(event, "outputOpen", JS_NewBool(js, run->pipe != NULL));
  engine_handle(event);
}

void event_executed(const struct run *run) {
  engine_handle(run_event("executed", run->daemon, run->number));
}

void event_gone(const struct run *run) {
  JSValue event = run_event("gone", run->daemon, run->number);
  set(event, "outputOpen", JS_NewBool(js, run->pipe != NULL));
  engine_handle(event);
}

void event_unattributed(const pid_t *pids, size_t count) {
  JSValue event = event_new("unattributed"), list = JS_NewArray(js);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(js, list, (uint32_t)i, JS_NewInt32(js, pids[i]));
  set(event, "pids", list);
  engine_handle(event);
}

void event_stopped(const struct run *run, int signal) {
  JSValue event = run_event("stopped", run->daemon, run->number);
  set(event, "signal", JS_NewInt32(js, signal));
  engine_handle(event);
}

void event_output_closed(const char *daemon, int run) {
  engine_handle(run_event("output-closed", daemon, run));
}

void event_output_stalled(double since_ms, int error) {
  JSValue event = event_new("output-stalled");
  set(event, "sinceMs", JS_NewFloat64(js, since_ms));
  set(event, "errno", errno_or_null(error));
  engine_handle(event);
}

void event_output_resumed(void) { engine_handle(event_new("output-resumed")); }

void event_flushed(void) { engine_handle(event_new("flushed")); }

void event_ready(const struct run *run) {
  engine_handle(run_event("ready", run->daemon, run->number));
}

void event_notify(const struct run *run, const struct notify_field *fields) {
  JSValue event = run_event("notify", run->daemon, run->number);
  set(event, "fields", notify_object(fields));
  engine_handle(event);
}

void event_wake(void) { engine_handle(event_new("wake")); }

void event_oom_kills(int64_t count) {
  JSValue event = event_new("oom-kills");
  set(event, "count", JS_NewInt64(js, count));
  engine_handle(event);
}

void event_probed(int64_t id, int error, const char *text, size_t bytes) {
  JSValue event = event_new("probed");
  set(event, "id", JS_NewInt64(js, id));
  set(event, "errno", errno_or_null(error));
  set(event, "text", JS_NewStringLen(js, text, bytes));
  engine_handle(event);
}

static const char *const ways[] = {
    [BY_SOCKET] = "socket", [BY_DAEMON_FD] = "daemon-fd", [INHERITED] = "inherited"};

static const char *const relations[] = {[ORIGIN_NONE] = "none",
                                   [ORIGIN_DESCENDANT] = "descendant",
                                   [ORIGIN_MARKED] = "marked",
                                   [ORIGIN_RUN] = "run"};

void event_client(int64_t client, enum client_way way, const struct peer *peer) {
  JSValue event = event_new("client"), peer_object = JS_NewObject(js);
  set(peer_object, "uid", JS_NewUint32(js, peer->uid));
  set(peer_object, "pid", JS_NewInt32(js, peer->pid));
  const struct run *run = peer->origin.run;
  set(peer_object, "relation", JS_NewString(js, relations[peer->origin.kin]));
  set(peer_object, "daemon", run ? JS_NewString(js, run->daemon) : JS_NULL);
  set(peer_object, "run", JS_NewInt32(js, run ? run->number : 0));
  set(peer_object, "via", JS_NewString(js, ways[way]));
  set(event, "client", JS_NewInt64(js, client));
  set(event, "peer", peer_object);
  engine_handle(event);
}

void event_line(int64_t client, const char *text, size_t bytes) {
  JSValue event = event_new("line");
  set(event, "client", JS_NewInt64(js, client));
  set(event, "text", text ? JS_NewStringLen(js, text, bytes) : JS_NULL);
  engine_handle(event);
}

void event_content(int64_t client, int error) {
  JSValue event = event_new("content");
  set(event, "client", JS_NewInt64(js, client));
  set(event, "errno", errno_or_null(error));
  engine_handle(event);
}

void event_client_gone(int64_t client, bool lagged) {
  JSValue event = event_new("client-gone");
  set(event, "client", JS_NewInt64(js, client));
  set(event, "lagged", JS_NewBool(js, lagged));
  engine_handle(event);
}

void event_helper(const struct helper_end *end) {
  JSValue event = event_new("helper");
  set(event, "id", JS_NewInt64(js, end->id));
  set(event, "errno", errno_or_null(end->error));
  set_exit(event, end->wait_status);
  set(event, "timedOut", JS_NewBool(js, end->timed_out));
  set(event, "text", end->text ? JS_NewStringLen(js, end->text, end->bytes) : JS_NULL);
  engine_handle(event);
}

void event_file(const char *path, const char *sha256, uint64_t bytes, int error,
                double changed_ms) {
  JSValue event = event_new("file");
  set(event, "path", JS_NewString(js, path));
  set(event, "sha256", sha256 ? JS_NewString(js, sha256) : JS_NULL);
  set(event, "bytes", JS_NewFloat64(js, (double)bytes));
  set(event, "errno", errno_or_null(error));
  set(event, "changedMs", JS_NewFloat64(js, changed_ms));
  engine_handle(event);
}

void event_watcher_ended(int error) {
  JSValue event = event_new("watcher-ended");
  set(event, "errno", errno_or_null(error));
  engine_handle(event);
}
