/* A file of lines that grows. */
#ifndef PITCREW_HELPER_FILE_APPEND_H
#define PITCREW_HELPER_FILE_APPEND_H

#include <stddef.h>

/* Whole lines, all of them or none. Where the file would grow beyond `max_bytes`, it is renamed to
 * PATH.1 before. 0 or errno. */
int file_append(const char *path, const char *text, size_t bytes, size_t max_bytes);
/* The last whole lines, malloc'ed; NULL where there are none, for whatever reason. */
char *file_tail(const char *path, size_t max_bytes, size_t *bytes);

#endif
