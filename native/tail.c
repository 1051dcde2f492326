/* The end of what a run printed, for whoever asks why it died. A piece of text is copied once and
 * at most its last 2 KiB, whatever was read at a time. Grows as text comes: most daemons print
 * little. */
#define _GNU_SOURCE
#include "tail.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL_BYTES = 2048, TAIL_FIRST_BYTES = 256, LINES_BYTES_MAX = 1024 };

struct tail {
  size_t bytes, room;
  char text[];
};

static struct tail *with_room(struct tail *tail, size_t wanted) {
  if (tail && wanted <= tail->room) return tail;
  size_t room = TAIL_FIRST_BYTES;
  while (room < wanted) room *= 2;
  struct tail *grown = realloc(tail, sizeof *tail + room);
  if (!grown) return NULL;
  if (!tail) grown->bytes = 0;
  grown->room = room;
  return grown;
}

void tail_add(struct tail **tail, const unsigned char *text, size_t bytes) {
  size_t kept = *tail ? (*tail)->bytes : 0;
  size_t wanted = kept + bytes < TAIL_BYTES ? kept + bytes : TAIL_BYTES;
  struct tail *grown = with_room(*tail, wanted);
  if (!grown) return;
  *tail = grown;
  size_t gone = kept + bytes - wanted; /* of the old text first, then of the new */
  size_t old_gone = gone < kept ? gone : kept, new_gone = gone - old_gone;
  memmove(grown->text, grown->text + old_gone, kept - old_gone);
  memcpy(grown->text + kept - old_gone, text + new_gone, bytes - new_gone);
  grown->bytes = wanted;
}

size_t tail_lines(const struct tail *tail, const char **lines) {
  *lines = "";
  if (!tail || tail->bytes == 0) return 0;
  size_t end = tail->bytes - (tail->text[tail->bytes - 1] == '\n');
  size_t start = end > LINES_BYTES_MAX ? end - LINES_BYTES_MAX : 0;
  /* Text of before is thrown away only when there is twice as much as this: the start is seen. */
  bool cut = start > 0 && tail->text[start - 1] != '\n';
  const char *newline = cut ? memchr(tail->text + start, '\n', end - start) : NULL;
  if (newline) start = (size_t)(newline - tail->text) + 1;
  *lines = tail->text + start;
  return end - start;
}
