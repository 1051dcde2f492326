/* Input of clients: lines. They are processed before they are removed from the socket, so a client
 * that sends many uses no memory here. Only the beginning of an incomplete line is stored, because
 * a socket holds less than the longest line. */
#define _GNU_SOURCE
#include "control/client_input.h"
#include "base/clock.h"
#include "base/limits.h"
#include "control/client.h"
#include "control/content.h"
#include "engine/events.h"
#include "tree/runs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
  LINES_A_TURN = 16,
  PARTIAL_BYTES_MIN = 256,
  READS_AT_THE_END = 4,                 /* from a daemon whose run is over */
  PARTIALS_BYTES_MAX = 4 * 1024 * 1024, /* of all clients; a client that exceeds it is cut off */
};

static char text[LINE_BYTES_MAX + 1];
static size_t partials_total;
static const struct client *in_line; /* the client of the line that is being reported */

bool client_is_in_line(const struct client *client) { return client == in_line; }

void client_drop_partial_line(struct client *client) {
  free(client->in);
  partials_total -= client->in_room;
  client->in = NULL;
  client->in_bytes = client->in_room = 0;
}

/* Adds to an incomplete line, which is at most LINE_BYTES_MAX long. */
static bool add_partial(struct client *client, const char *bytes, size_t count) {
  size_t needed = client->in_bytes + count;
  if (needed > client->in_room) {
    size_t wanted = client->in_room > 0 ? client->in_room : PARTIAL_BYTES_MIN;
    while (wanted < needed) wanted *= 2;
    size_t others = partials_total - client->in_room;
    char *grown = others + wanted > PARTIALS_BYTES_MAX ? NULL : realloc(client->in, wanted);
    if (!grown) return false;
    client->in = grown;
    client->in_room = (uint32_t)wanted;
    partials_total = others + wanted;
  }
  memcpy(client->in + client->in_bytes, bytes, count);
  client->in_bytes += (uint32_t)count;
  return true;
}

static void report(const struct client *client, const char *line, size_t bytes) {
  in_line = client;
  event_line(client->id, line, bytes);
  in_line = NULL;
}

static void report_line(struct client *client, const char *rest, size_t count) {
  if (!client->in) return report(client, rest, count);
  if (!add_partial(client, rest, count)) return client_set_gone(client);
  char *line = client->in;
  size_t bytes = client->in_bytes;
  partials_total -= client->in_room;
  client->in = NULL;
  client->in_bytes = client->in_room = 0;
  report(client, line, bytes);
  free(line);
}

static void report_too_long_line(struct client *client) {
  client_drop_partial_line(client);
  client->input_closed = true;
  client_update_events(client);
  event_line(client->id, NULL, 0);
}

/* Reports whole lines, and stores the rest after the last one. Returns how much of the text was
 * used. */
static size_t take_lines(struct client *client, size_t bytes, double until_ms) {
  size_t at = 0;
  for (int lines = 0; at < bytes && lines < LINES_A_TURN && client_accepts_input(client); lines++) {
    if (lines > 0 && now_ms() >= until_ms) break;
    if (!client->reported) client_report(client, NULL);
    const char *newline = memchr(text + at, '\n', bytes - at);
    size_t count = newline ? (size_t)(newline - (text + at)) : bytes - at;
    if (client->in_bytes + count > LINE_BYTES_MAX) {
      report_too_long_line(client);
      return bytes;
    }
    if (newline)
      report_line(client, text + at, count);
    else if (!add_partial(client, text + at, count))
      client_set_gone(client);
    at += count + (newline != NULL);
    if (client->sends_content) break;
  }
  return at;
}

bool client_read(struct client *client, double until_ms) {
  if (!client_accepts_input(client)) {
    client_update_events(client);
    return false;
  }
  if (client->sends_content) return content_read(client);
  ssize_t n = recv(client->fd, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n <= 0) {
    client_flush(client); /* It may have closed half of the connection, and still read. */
    client_set_gone(client);
    return false;
  }
  size_t taken = take_lines(client, (size_t)n, until_ms);
  if (client->fd >= 0 && taken > 0) recv(client->fd, text, taken, MSG_DONTWAIT);
  if (!client_accepts_input(client)) return false;
  return client->sends_content ? content_read(client) : true;
}

void client_run_drain(struct run *run) {
  for (int reads = 0; reads < READS_AT_THE_END; reads++)
    if (!run->control || !client_read(run->control, INFINITY)) return;
}
