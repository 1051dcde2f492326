/* What is read of a pipe while stdout is full: text that waits to be formatted. */
#define _GNU_SOURCE
#include "line.h"
#include "pipe.h"
#include "ready.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  KEPT_BYTES = 64 * 1024,
  KEPT_PIPES_MAX = 16, /* of so many pipes: 1 MiB in all */
};

static size_t kept_count;

static void forget(struct pipe *pipe) {
  kept_count -= pipe->kept_text != NULL;
  free(pipe->kept_text);
  pipe->kept_text = NULL;
}

bool kept_begin(struct pipe *pipe, const struct chunk *rest) {
  if (pipe->kept_text) return pipe->kept.end < KEPT_BYTES;
  struct lines *lines = &pipe->lines;
  size_t bytes = rest ? rest->end - rest->at : 0;
  if (lines->partial_bytes + bytes >= KEPT_BYTES) return false;
  /* Half of the room is for those that wait for their sign. */
  if (kept_count >= (pipe->tap ? KEPT_PIPES_MAX : KEPT_PIPES_MAX / 2)) return false;
  unsigned char *kept = malloc(KEPT_BYTES + COPY_SLACK_BYTES);
  if (!kept) return false;
  if (lines->partial_bytes) memcpy(kept, lines->partial, lines->partial_bytes);
  if (bytes) memcpy(kept + lines->partial_bytes, rest->text + rest->at, bytes);
  pipe->kept_text = kept;
  pipe->kept = (struct chunk){kept, 0, lines->partial_bytes + bytes};
  kept_count++;
  lines_forget(lines);
  return true;
}

/* The unfinished line at the end of what is kept. */
static struct lines last_line(const struct pipe *pipe) {
  size_t bytes = pipe->kept.end - pipe->kept.at;
  unsigned char *from = pipe->kept_text + pipe->kept.at;
  unsigned char *newline = memrchr(from, '\n', bytes);
  unsigned char *line = newline ? newline + 1 : from;
  return (struct lines){
      .daemon = pipe->daemon, .partial = line, .partial_bytes = (size_t)(from + bytes - line)};
}

enum keeps kept_read(struct pipe *pipe) {
  unsigned char *to = pipe->kept_text + pipe->kept.end;
  ssize_t n = read(pipe->fd, to, KEPT_BYTES - pipe->kept.end);
  if (n < 0) return errno == EINTR ? KEEPS_MORE : errno == EAGAIN ? KEEPS_ALL : KEEPS_NO_MORE;
  if (n == 0) return KEEPS_NO_MORE;
  struct lines before = last_line(pipe);
  pipe->kept.end += (size_t)n;
  if (pipe_hear(pipe, &before, to, (size_t)n) && pipe->owner) run_said_ready(pipe->owner);
  return KEEPS_MORE;
}

bool kept_format(struct pipe *pipe) {
  if (!pipe->kept_text) return true;
  if (!lines_format(&pipe->lines, &pipe->kept)) return false;
  forget(pipe);
  return true;
}

bool kept_format_all(void) {
  for (struct pipe *pipe = pipes; pipe && kept_count > 0; pipe = pipe->next)
    if (!kept_format(pipe)) return false;
  return true;
}

void kept_lose(struct pipe *pipe) {
  if (!pipe->kept_text) return;
  out_count_lost(pipe->kept_text + pipe->kept.at, pipe->kept.end - pipe->kept.at, 0);
  forget(pipe);
}

bool kept_is_there(void) { return kept_count > 0; }
