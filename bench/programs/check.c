/* Checks the lines of daemons: only correct output counts. It is fast, a few memcmp a line, because
 * it reads the pipe that is measured. */
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemons/text.h"

enum { SOURCES_MAX = 16, HEAD_BYTES = 192 };

struct checked checked;

/* A line is attributed to a daemon by its head: prefix, name and a space. Its number follows. */
static struct source {
  char head[HEAD_BYTES];
  size_t head_bytes, line_bytes;
  long next;
} sources[SOURCES_MAX];
static int count;
static char own[64];

static void stop(const char *what, const char *value) {
  fprintf(stderr, "stopwatch: cannot %s: %s\n", what, value);
  exit(2);
}

void check_with(const char *table) {
  char line[256], name[64];
  size_t bytes;
  FILE *file = fopen(table, "r");
  if (!file) stop("open the table of prefixes", table);
  make_text();
  if (!fgets(line, sizeof line, file) || sscanf(line, "%zu %63[^\n]", &bytes, own) != 2)
    stop("read the first line of the table", table);
  if (bytes > TEXT_BYTES - ALPHABET) stop("check lines of so many bytes", line);
  if (strcmp(own, "-") == 0) own[0] = '\0';
  while (count < SOURCES_MAX && fgets(line, sizeof line, file)) {
    struct source *s = &sources[count++];
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%63s", name) != 1) stop("read a line of the table", line);
    const char *prefix = line + strlen(name);
    if (*prefix == ' ') prefix++;
    int length = snprintf(s->head, HEAD_BYTES, "%s%s ", prefix, name);
    if (length >= HEAD_BYTES) stop("keep so long a prefix", line);
    s->head_bytes = (size_t)length;
    s->line_bytes = (size_t)length - strlen(name) - 1 + bytes;
  }
  fclose(file);
}

/* Keeps the first fault only. Characters that are not printable are replaced by a dot. */
static void note(const char *what, const char *line, size_t bytes) {
  if (checked.fault[0]) return;
  int shown = bytes > 60 ? 60 : (int)bytes;
  snprintf(checked.fault, sizeof checked.fault, "%s in line %ld: %.*s", what, checked.lines + 1,
           shown, line);
  for (char *at = checked.fault; *at; at++)
    if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') *at = '.';
}

static struct source *source_of(const char *line, size_t bytes) {
  for (struct source *s = sources; s < sources + count; s++)
    if (bytes > s->head_bytes && memcmp(line, s->head, s->head_bytes) == 0) return s;
  return NULL;
}

static void check_foreign(const char *line, size_t bytes) {
  bool is_own = own[0] && bytes > strlen(own) && memcmp(line, own, strlen(own)) == 0;
  if (!is_own) note("a line from no daemon", line, bytes);
}

static void check_line(const char *line, size_t bytes) {
  char number[NUMBER_BYTES + 1];
  struct source *s = source_of(line, bytes);
  if (!s) {
    check_foreign(line, bytes);
    return;
  }
  size_t text_at = s->head_bytes + sizeof number;
  write_number(number, s->next);
  if (bytes != s->line_bytes)
    note("a wrong length", line, bytes);
  else if (memcmp(line + s->head_bytes, number, sizeof number) != 0)
    note("a wrong number", line, bytes);
  else if (memcmp(line + text_at, text_of(s->next), bytes - text_at - 1) != 0)
    note("a wrong text", line, bytes);
  s->next++;
  checked.lines++;
  checked.bytes += (long)bytes;
}

size_t check_lines(const char *from, size_t bytes) {
  const char *at = from, *end = from + bytes;
  for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
    check_line(at, (size_t)(newline + 1 - at));
  return (size_t)(at - from);
}

long long check_stamp(const char *line, size_t bytes) {
  struct source *s = source_of(line, bytes);
  if (!s) check_foreign(line, bytes);
  return s ? atoll(line + s->head_bytes) : 0;
}
