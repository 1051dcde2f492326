/* What is to be sent to a client: one buffer, which is there only while something waits in it.
 * Nothing is sent with a wait, and O_NONBLOCK is never set: an inherited socket may be shared. */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
  ROOM_BYTES_MIN = 512,
  SEND_AT_ONCE = 64 * 1024,      /* less waits for the end of the turn: one call for many lines */
  EMPTY_TOTAL = 2 * 1024 * 1024, /* with more than this in all buffers, no empty one is kept */
};

static size_t rooms_total; /* of all buffers */

size_t client_queued(const struct client *client) { return client->out_end - client->out_start; }

static void move_to_front(struct client *client) {
  size_t queued = client_queued(client);
  memmove(client->out, client->out + client->out_start, queued);
  client->out_start = 0;
  client->out_end = (uint32_t)queued;
}

/* When all queues together are too long, it is the longest that must go. */
static bool cut_off_longer_than(const struct client *client) {
  struct client *longest = NULL;
  size_t most = client_queued(client);
  for (struct client *other = client_next(NULL); other; other = client_next(other))
    if (client_queued(other) > most) longest = other, most = client_queued(other);
  if (!longest) return false;
  client_cut_off(longest);
  client_drop_queue(longest);
  return true;
}

static bool grow(struct client *client, size_t needed) {
  size_t wanted = client->out_room > 0 ? client->out_room : ROOM_BYTES_MIN;
  while (wanted < needed) wanted *= 2;
  while (rooms_total - client->out_room + wanted > CLIENTS_QUEUE_MAX)
    if (!cut_off_longer_than(client)) return false;
  size_t others = rooms_total - client->out_room;
  void *grown = realloc(client->out, wanted);
  if (!grown) return false;
  client->out = grown;
  client->out_room = (uint32_t)wanted;
  rooms_total = others + wanted;
  return true;
}

static bool make_room(struct client *client, size_t count) {
  size_t queued = client_queued(client);
  if (count > CLIENT_QUEUE_MAX - queued) return false;
  if (client->out_end + count <= client->out_room) return true;
  if (client->out_start > 0) move_to_front(client);
  return queued + count <= client->out_room || grow(client, queued + count);
}

static void add(struct client *client, const void *bytes, size_t count) {
  memcpy(client->out + client->out_end, bytes, count);
  client->out_end += (uint32_t)count;
}

/* With much in all buffers, what can be sent is sent before the next client gets its room. */
static void send_soon(struct client *client) {
  client_wait(client);
  bool is_much = client_queued(client) >= SEND_AT_ONCE || rooms_total > EMPTY_TOTAL;
  if (is_much) client_flush(client);
}

static bool takes(struct client *client, size_t count) {
  return client->fd >= 0 && !client->gone && !client->ending && make_room(client, count);
}

bool client_put(struct client *client, const void *bytes, size_t count) {
  if (!takes(client, count)) return false;
  if (count == 0) return true;
  add(client, bytes, count);
  send_soon(client);
  return true;
}

bool client_put_line(struct client *client, const char *text, size_t bytes) {
  if (bytes >= CLIENT_QUEUE_MAX || !takes(client, bytes + 1)) return false;
  add(client, text, bytes);
  add(client, "\n", 1);
  send_soon(client);
  return true;
}

void client_drop_queue(struct client *client) {
  free(client->out);
  rooms_total -= client->out_room;
  client->out = NULL;
  client->out_start = client->out_end = client->out_room = 0;
}

void client_flush(struct client *client) {
  while (client_queued(client) > 0 && !client->gone) {
    ssize_t n = send(client->fd, client->out + client->out_start, client_queued(client),
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0)
      client->out_start += (uint32_t)n;
    else if (errno == EAGAIN)
      break;
    else if (errno != EINTR)
      client_gone(client);
  }
  if (client_queued(client) == 0) {
    client->out_start = client->out_end = 0;
    /* A stream needs it again and again. But the room of many that wait for nothing must not cost
     * others theirs. */
    if (!client->stream || rooms_total > EMPTY_TOTAL) client_drop_queue(client);
  }
  client_watch(client);
}
