/* The strings of one call, as C sees them: taken from JavaScript, bounded, freed all at once. */
#define _GNU_SOURCE
#include "bind.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_TOTAL_BYTES = 16 * 1024 * 1024, ARGUMENTS_MAX = 64 };
#ifdef __SANITIZE_ADDRESS__
enum { ARENA_BLOCK_BYTES = 1 }; /* Each string stands alone, so that a byte behind it is noticed. */
#else
enum { ARENA_BLOCK_BYTES = 64 * 1024 };
#endif

struct arena_block {
  struct arena_block *older;
  max_align_t bytes[];
};

void *arena_take(struct arena *arena, size_t bytes) {
  size_t rounded = (bytes + 7) & ~(size_t)7;
  if (!arena->newest || rounded > arena->room - arena->used) {
    size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    if (bytes > ARENA_TOTAL_BYTES || arena->total + size > ARENA_TOTAL_BYTES) return NULL;
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block) return NULL;
    block->older = arena->newest;
    arena->newest = block;
    arena->total += size;
    arena->room = size;
    arena->used = 0;
  }
  void *taken = (char *)arena->newest->bytes + arena->used;
  arena->used = arena->used + rounded < arena->room ? arena->used + rounded : arena->room;
  return taken;
}

void arena_free(struct arena *arena) {
  while (arena->newest) {
    struct arena_block *older = arena->newest->older;
    free(arena->newest);
    arena->newest = older;
  }
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
  int64_t length = array_length(array);
  char **list = length >= 0 && length <= ARGUMENTS_MAX
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
