#define _GNU_SOURCE
#include "base/arena.h"

#include <stddef.h>
#include <stdlib.h>

enum { ARENA_TOTAL_BYTES = 16 * 1024 * 1024 };
#ifdef __SANITIZE_ADDRESS__
enum { ARENA_BLOCK_BYTES = 1 }; /* One block per string, so that an overrun is noticed. */
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
