/* Files of lines that grow. */
#ifndef PITCREW_HELPER_FILE_APPEND_H
#define PITCREW_HELPER_FILE_APPEND_H

#include <stddef.h>

/* Appends whole lines, all or none. A file that would exceed `max_bytes` is renamed to PATH.1
 * first. 0 or errno. */
int file_append(const char *path, const char *text, size_t bytes, size_t max_bytes);
/* The last whole lines, malloc'ed; NULL if there are none or on any error. */
char *file_tail(const char *path, size_t max_bytes, size_t *bytes);

#endif
