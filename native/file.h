/* Small files. What returns an int gives 0 or errno. */
#ifndef PITCREW_FILE_H
#define PITCREW_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* A malloc'ed text with a NUL behind it, or NULL with a reason in *error. */
char *file_read(const char *path, size_t max_bytes, size_t *bytes, const char **error);
/* The same of the last whole lines; NULL where there are none, for whatever reason. */
char *file_tail(const char *path, size_t max_bytes, size_t *bytes);
/* All of it, in one call where the disk is not full. */
int file_write_to(int fd, const char *text, size_t bytes);
/* Readers see the old content or the new, never a part. Durable: it is on the disk afterwards. */
int file_write(const char *path, const char *text, size_t bytes, bool durable);
/* Whole lines, all of them or none. Where the file would grow beyond `max_bytes`, it is renamed to
 * PATH.1 before. */
int file_append(const char *path, const char *text, size_t bytes, size_t max_bytes);
/* Makes the folder of a path, and so many above it, ours; see file.c. */
int make_folder(char *path, int levels);

int trace_open(const char *path);
void trace_line(const char *line, size_t bytes);

#endif
