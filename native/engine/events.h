/* The events of src/host/host.ts. Each function is one guarded call of the policy. */
#ifndef PITCREW_ENGINE_EVENTS_H
#define PITCREW_ENGINE_EVENTS_H

#include "control/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct notify_field;
struct run;
struct helper_end {
  int64_t id;
  int error;       /* of the work, or why it could not start; 0 = none */
  int wait_status; /* of a program that was executed */
  bool timed_out;
  const char *text; /* NULL: over the limit */
  size_t bytes;
};

void event_signal(int signal, bool hangup);
void event_exited(const struct run *run);
void event_executed(const struct run *run);
void event_gone(const struct run *run);
void event_unattributed(const pid_t *pids, size_t count);
void event_stopped(const struct run *run, int signal);
void event_output_closed(const char *daemon, int run);
void event_output_stalled(double since_ms, int error);
void event_output_resumed(void);
void event_flushed(void);
void event_ready(const struct run *run);
void event_notify(const struct run *run, const struct notify_field *fields);
void event_wake(void);
void event_oom_kills(int64_t count);
void event_probed(int64_t id, int error, const char *text, size_t bytes);
void event_helper(const struct helper_end *end);
/* `sha256`: NULL = there is no content. */
void event_file(const char *path, const char *sha256, uint64_t bytes, int error, double changed_ms);
void event_watcher_ended(int error);
void event_client(int64_t client, enum client_way way, const struct peer *peer);
void event_line(int64_t client, const char *text, size_t bytes); /* NULL: the line is too long */
void event_content(int64_t client, int error);
void event_client_gone(int64_t client, bool lagged);

#endif
