/* A line of more than 64 KiB is printed in parts, each as a line. So is a line that there is no
 * memory to store. */
#define _GNU_SOURCE
#include "output/lines.h"
#include "output/logs.h"
#include "output/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTIAL_TOTAL_BYTES = 8 * 1024 * 1024 };

static size_t partial_total;

void lines_init(struct lines *lines, const char *daemon) {
  char *prefix = (char *)lines->prefix;
  lines->daemon = daemon;
  lines->prefix_bytes = (size_t)snprintf(prefix, sizeof lines->prefix, "[%s] ", daemon);
}

void lines_forget(struct lines *lines) {
  partial_total -= lines->partial_room;
  free(lines->partial);
  lines->partial = NULL;
  lines->partial_bytes = lines->partial_room = 0;
}

/* Writes a line: prefix, unfinished line, last piece. False: stdout is full. */
static bool put_line(struct lines *lines, const unsigned char *piece, size_t piece_bytes) {
  size_t before = lines->prefix_bytes + lines->partial_bytes;
  unsigned char *to = out_room(before + piece_bytes + 1);
  if (!to) return false;
  memcpy(to, lines->prefix, lines->prefix_bytes);
  if (lines->partial_bytes) memcpy(to + lines->prefix_bytes, lines->partial, lines->partial_bytes);
  if (piece_bytes) memcpy(to + before, piece, piece_bytes); /* May be NULL. */
  to[before + piece_bytes] = '\n';
  out_commit(before + piece_bytes + 1);
  lines_forget(lines);
  return true;
}

/* Stores a piece of a line that has not ended. False: the memory for that is used up. */
static bool store_partial(struct lines *lines, const unsigned char *piece, size_t bytes) {
  size_t wanted = lines->partial_bytes + bytes;
  if (wanted > lines->partial_room) {
    size_t room = wanted < 256 ? 256 : wanted < LINE_BYTES_MAX / 2 ? wanted * 2 : LINE_BYTES_MAX;
    if (partial_total - lines->partial_room + room > PARTIAL_TOTAL_BYTES) return false;
    unsigned char *grown = realloc(lines->partial, room);
    if (!grown) return false;
    partial_total += room - lines->partial_room;
    lines->partial = grown;
    lines->partial_room = room;
  }
  memcpy(lines->partial + lines->partial_bytes, piece, bytes);
  lines->partial_bytes += bytes;
  return true;
}

/* The common case: copies whole lines from the chunk to the output. */
static void put_whole_lines(struct lines *lines, struct chunk *chunk) {
  while (chunk->at < chunk->end) {
    size_t bytes = chunk->end - chunk->at;
    if (bytes > LINE_BYTES_MAX + 1) bytes = LINE_BYTES_MAX + 1;
    unsigned char *to = out_room(lines->prefix_bytes + bytes);
    if (!to) return;
    int found;
    memcpy(to, lines->prefix, sizeof lines->prefix);
    size_t copied =
        copy_until_newline(to + lines->prefix_bytes, chunk->text + chunk->at, bytes, &found);
    if (!found) return;
    out_commit(lines->prefix_bytes + copied);
    chunk->at += copied;
  }
}

bool lines_format(struct lines *lines, struct chunk *chunk) {
  while (chunk->at < chunk->end) {
    if (lines->partial_bytes == 0) put_whole_lines(lines, chunk);
    size_t bytes = chunk->end - chunk->at;
    if (bytes == 0) break;
    const unsigned char *from = chunk->text + chunk->at;
    struct cut cut = line_cut(lines->partial_bytes, from, bytes);
    if (!cut.ends && store_partial(lines, from, cut.bytes)) {
      chunk->at += cut.bytes;
      continue;
    }
    if (!out_room(lines->prefix_bytes + lines->partial_bytes + cut.bytes + 1)) return false;
    if (!cut.ends && logs_followed) logs_add_line(lines, from, cut.bytes);
    put_line(lines, from, cut.bytes);
    chunk->at += cut.bytes + cut.newline;
  }
  return true;
}

void lines_end(struct lines *lines) {
  if (lines->partial_bytes && !put_line(lines, NULL, 0))
    out_count_lost(lines->partial, lines->partial_bytes, 1);
  lines_forget(lines);
}
