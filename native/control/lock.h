/* One pitcrew per bundle: a lock that lives as long as this process. */
#ifndef PITCREW_CONTROL_LOCK_H
#define PITCREW_CONTROL_LOCK_H

#include <stddef.h>
#include <sys/types.h>

enum { LOCK_TEXT_MAX = 4096 };
struct lock_holder {
  pid_t pid; /* 0 = unknown to the kernel */
  char text[LOCK_TEXT_MAX];
  size_t bytes;
};
enum lock { LOCK_OURS, LOCK_HELD, LOCK_FAILED };
/* LOCK_HELD: see `holder`. LOCK_FAILED: see errno. */
enum lock lock_take(const char *path, const char *text, size_t bytes, struct lock_holder *holder);

#endif
