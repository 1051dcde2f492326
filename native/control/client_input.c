/* What a client says: lines. They are looked at before they are taken out of the socket, so that
 * nothing of whoever sends many of them waits here; only the beginning of a line that is not whole
 * is kept, since a socket holds less than the longest line may have. */
#define _GNU_SOURCE
#include "control/client_input.h"
#include "base/clock.h"
#include "base/limits.h"
#include "control/client.h"
#include "engine/events.h"
#include "tree/runs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
  LINES_A_TURN = 16,
  PART_BYTES_MIN = 256,
  READS_AT_THE_END = 4,              /* of a daemon whose run is over */
  PARTS_BYTES_MAX = 4 * 1024 * 1024, /* of all clients; who passes it is cut off */
};

static char text[LINE_BYTES_MAX + 1];
static size_t parts_total;

void client_forget_part(struct client *client) {
  free(client->in);
  parts_total -= client->in_room;
  client->in = NULL;
  client->in_bytes = client->in_room = 0;
}

/* Adds to the beginning of a line, which is at most LINE_BYTES_MAX long. */
static bool keep_part(struct client *client, const char *bytes, size_t count) {
  size_t needed = client->in_bytes + count;
  if (needed > client->in_room) {
    size_t wanted = client->in_room > 0 ? client->in_room : PART_BYTES_MIN;
    while (wanted < needed) wanted *= 2;
    size_t others = parts_total - client->in_room;
    char *grown = others + wanted > PARTS_BYTES_MAX ? NULL : realloc(client->in, wanted);
    if (!grown) return false;
    client->in = grown;
    client->in_room = (uint32_t)wanted;
    parts_total = others + wanted;
  }
  memcpy(client->in + client->in_bytes, bytes, count);
  client->in_bytes += (uint32_t)count;
  return true;
}

static void tell_line(struct client *client, const char *rest, size_t count) {
  if (!client->in) return event_line(client->id, rest, count);
  if (!keep_part(client, rest, count)) return client_gone(client);
  char *line = client->in;
  size_t bytes = client->in_bytes;
  parts_total -= client->in_room;
  client->in = NULL;
  client->in_bytes = client->in_room = 0;
  event_line(client->id, line, bytes);
  free(line);
}

static void tell_too_long(struct client *client) {
  client_forget_part(client);
  client->deaf = true;
  client_watch(client);
  event_line(client->id, NULL, 0);
}

/* Tells whole lines, keeps what is behind the last one; returns how much of the text that was. */
static size_t take_lines(struct client *client, size_t bytes, double until_ms) {
  size_t at = 0;
  for (int lines = 0; at < bytes && lines < LINES_A_TURN && client_hears(client); lines++) {
    if (lines > 0 && now_ms() >= until_ms) break;
    if (!client->told) client_tell(client, NULL);
    const char *newline = memchr(text + at, '\n', bytes - at);
    size_t count = newline ? (size_t)(newline - (text + at)) : bytes - at;
    if (client->in_bytes + count > LINE_BYTES_MAX) {
      tell_too_long(client);
      return bytes;
    }
    if (newline)
      tell_line(client, text + at, count);
    else if (!keep_part(client, text + at, count))
      client_gone(client);
    at += count + (newline != NULL);
  }
  return at;
}

bool client_read(struct client *client, double until_ms) {
  if (!client_hears(client)) {
    client_watch(client);
    return false;
  }
  ssize_t n = recv(client->fd, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n <= 0) {
    client_flush(client); /* Who has closed half of it may still read. */
    client_gone(client);
    return false;
  }
  size_t taken = take_lines(client, (size_t)n, until_ms);
  if (client->fd >= 0 && taken > 0) recv(client->fd, text, taken, MSG_DONTWAIT);
  return client_hears(client);
}

void client_run_drain(struct run *run) {
  for (int reads = 0; reads < READS_AT_THE_END; reads++)
    if (!run->control || !client_read(run->control, INFINITY)) return;
}
