/* Small files, read whole and written whole. What returns an int gives 0 or errno. */
#ifndef PITCREW_BASE_FILE_H
#define PITCREW_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* A malloc'ed text with a NUL behind it, or NULL with a reason in *error. */
char *file_read(const char *path, size_t max_bytes, size_t *bytes, const char **error);
/* Readers see the old content or the new, never a part. Durable: it is on the disk afterwards. */
int file_write(const char *path, const char *text, size_t bytes, bool durable);
/* All of it, in one call where the disk is not full. */
int file_write_to(int fd, const char *text, size_t bytes);
/* The same to whatever it is: waits where a descriptor is non-blocking. */
int write_all(int fd, const char *text, size_t bytes);
/* Makes the folder of a path, and so many above it, ours; see file.c. */
int make_folder(char *path, int levels);

int trace_open(const char *path);
void trace_line(const char *line, size_t bytes);

#endif
