/* A bounded store for the strings of one call; freed as a whole. */
#ifndef PITCREW_BASE_ARENA_H
#define PITCREW_BASE_ARENA_H

#include <stddef.h>

struct arena {
  struct arena_block *newest;
  size_t used, room, total;
};
void *arena_take(struct arena *arena, size_t bytes); /* NULL: no memory, or over the limit */
void arena_free(struct arena *arena);

#endif
