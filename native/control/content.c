/* A client that stops in the middle of its content has a place of its own until the deadline: then
 * its content has failed, and it is not read any more, because the rest of the bytes are no lines.
 * A complete content outlives its client, which may not wait for its turn. Such contents make room
 * for others, oldest first. */
#define _GNU_SOURCE
#include "control/content.h"
#include "base/clock.h"
#include "base/file.h"
#include "control/client.h"
#include "engine/events.h"

#include <errno.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  CONTENT_BYTES_MAX = 1024 * 1024,
  CONTENTS_MAX = 8,
  KEPT_MS = 600000, /* when its client is gone */
  CHUNK_BYTES = 64 * 1024,
};

static struct content {
  int64_t client; /* 0 = this place is free */
  int fd;
  size_t left;
  bool is_complete, is_left; /* its client is gone */
  double deadline_ms;
} contents[CONTENTS_MAX];
size_t contents_count;

static char chunk[CHUNK_BYTES];

static struct content *find(int64_t client) {
  for (size_t i = 0; i < CONTENTS_MAX; i++)
    if (contents[i].client == client) return &contents[i];
  return NULL;
}

/* A free place, or the one that was left first. */
static struct content *free_place(void) {
  struct content *place = find(0);
  if (place) return place;
  for (size_t i = 0; i < CONTENTS_MAX; i++)
    if (contents[i].is_left && (!place || contents[i].deadline_ms < place->deadline_ms))
      place = &contents[i];
  if (place) content_drop(place->client);
  return place;
}

int content_begin(struct client *client, size_t bytes, double timeout_ms) {
  if (bytes > CONTENT_BYTES_MAX) return EFBIG;
  if (find(client->id)) return EBUSY;
  int fd = memfd_create("content", MFD_CLOEXEC);
  struct content *content = fd < 0 ? NULL : free_place();
  if (!content) {
    int error = fd < 0 ? errno : EBUSY;
    if (fd >= 0) close(fd);
    return error;
  }
  *content = (struct content){client->id, fd, bytes, .deadline_ms = now_ms() + timeout_ms};
  contents_count++;
  client->sends_content = true;
  return 0;
}

/* A connection of a daemon that was kept after a failure is reported anew. */
static void report(struct client *client, int error) {
  if (!client->reported) client_report(client, NULL);
  event_content(client->id, error);
}

static void fail(struct client *client, int error) {
  content_drop(client->id);
  client->sends_content = false;
  client->input_closed = true;
  client_update_events(client);
  report(client, error);
}

static void complete(struct client *client, struct content *content) {
  if (lseek(content->fd, 0, SEEK_SET) != 0) return fail(client, errno);
  content->is_complete = true;
  content->deadline_ms = INFINITY;
  client->sends_content = false;
  report(client, 0);
}

bool content_read(struct client *client) {
  struct content *content = find(client->id);
  if (!content) {
    fail(client, ETIMEDOUT);
    return false;
  }
  if (content->left > 0) {
    size_t wanted = content->left < sizeof chunk ? content->left : sizeof chunk;
    ssize_t n = recv(client->fd, chunk, wanted, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
      client_set_gone(client);
      return false;
    }
    content->left -= (size_t)n;
    int error = file_write_to(content->fd, chunk, (size_t)n);
    if (error) fail(client, error);
    if (error) return false;
  }
  if (content->left == 0) complete(client, content);
  return client_accepts_input(client);
}

int content_of(int64_t client) {
  const struct content *content = client > 0 ? find(client) : NULL;
  return content && content->is_complete ? content->fd : -1;
}

void content_hand_over(int64_t client) {
  struct content *content = client > 0 ? find(client) : NULL;
  if (!content) return;
  content->client = 0;
  contents_count--;
}

void content_drop(int64_t client) {
  const struct content *content = client > 0 ? find(client) : NULL;
  if (!content) return;
  close(content->fd);
  content_hand_over(client);
}

void content_client_gone(int64_t client) {
  struct content *content = find(client);
  if (!content) return;
  if (!content->is_complete) return content_drop(client);
  content->is_left = true;
  content->deadline_ms = now_ms() + KEPT_MS;
}

double contents_deadline_ms(void) {
  double first = INFINITY;
  for (size_t i = 0; i < CONTENTS_MAX; i++)
    if (contents[i].client != 0) first = fmin(first, contents[i].deadline_ms);
  return first;
}

void contents_check_deadlines(double now) {
  for (size_t i = 0; i < CONTENTS_MAX; i++) {
    int64_t id = contents[i].client;
    struct client *client = id ? client_find(id) : NULL;
    if (!id || contents[i].deadline_ms > now) continue;
    if (client)
      fail(client, ETIMEDOUT);
    else
      content_drop(id); /* The client is gone, ends, or is not reported: see content_read. */
  }
}
