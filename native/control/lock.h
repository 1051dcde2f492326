/* One pitcrew at a time: a lock for as long as this process lives. */
#ifndef PITCREW_CONTROL_LOCK_H
#define PITCREW_CONTROL_LOCK_H

#include <stddef.h>
#include <sys/types.h>

enum { LOCK_TEXT_MAX = 4096 };
struct lock_holder {
  pid_t pid; /* 0 = the kernel does not know */
  char text[LOCK_TEXT_MAX];
  size_t bytes;
};
enum lock { LOCK_OURS, LOCK_HELD, LOCK_FAILED };
/* LOCK_HELD: `holder` says by whom. LOCK_FAILED: see errno. */
enum lock lock_take(const char *path, const char *text, size_t bytes, struct lock_holder *holder);

#endif
