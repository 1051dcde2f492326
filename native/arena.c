/* The strings of one call, as C sees them: taken from JavaScript, bounded, freed all at once. */
#define _GNU_SOURCE
#include "bind.h"

#include <stdlib.h>
#include <string.h>

enum {
  ARENA_BLOCK_BYTES = 64 * 1024,
  ARENA_TOTAL_BYTES = 4 * 1024 * 1024,
  ARGUMENTS_MAX = 64,
};

void *arena_take(struct arena *arena, size_t bytes) {
  bytes = (bytes + 7) & ~(size_t)7;
  if (bytes > arena->room - arena->used || arena->blocks == 0) {
    size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    if (arena->blocks == sizeof arena->block / sizeof *arena->block ||
        arena->total + size > ARENA_TOTAL_BYTES)
      return NULL;
    if (!(arena->block[arena->blocks] = malloc(size))) return NULL;
    arena->blocks++;
    arena->total += size;
    arena->room = size;
    arena->used = 0;
  }
  void *taken = arena->block[arena->blocks - 1] + arena->used;
  arena->used += bytes;
  return taken;
}

void arena_free(struct arena *arena) {
  for (size_t i = 0; i < arena->blocks; i++) free(arena->block[i]);
  arena->blocks = 0;
}

char *arena_string(struct arena *arena, JSValueConst value) {
  size_t bytes;
  const char *text = JS_IsString(value) ? JS_ToCStringLen(js, &bytes, value) : NULL;
  if (!text) return NULL;
  char *copy = memchr(text, 0, bytes) ? NULL : arena_take(arena, bytes + 1);
  if (copy) memcpy(copy, text, bytes + 1);
  JS_FreeCString(js, text);
  return copy;
}

/* The strings of an array behind `before` empty places, with a NULL at the end. */
char **arena_strings(struct arena *arena, JSValueConst array, size_t before) {
  int64_t length = 0;
  JS_GetLength(js, array, &length);
  char **list = length <= ARGUMENTS_MAX
                    ? arena_take(arena, (before + (size_t)length + 1) * sizeof *list)
                    : NULL;
  if (!list) return NULL;
  for (int64_t i = 0; i < length; i++) {
    JSValue item = JS_GetPropertyUint32(js, array, (uint32_t)i);
    list[before + (size_t)i] = arena_string(arena, item);
    JS_FreeValue(js, item);
    if (!list[before + (size_t)i]) return NULL;
  }
  list[before + (size_t)length] = NULL;
  return list;
}

/* The arguments for a program that is us. */
char **self_argv(struct arena *arena, JSValueConst array) {
  char **list = arena_strings(arena, array, 1);
  if (list) list[0] = "pitcrew";
  return list;
}
