/* Small files, read and written as a whole. Functions that return an int return 0 or errno. */
#ifndef PITCREW_BASE_FILE_H
#define PITCREW_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* A malloc'ed text, NUL-terminated, or NULL with a reason in *error. */
char *file_read(const char *path, size_t max_bytes, size_t *bytes, const char **error);
/* Readers see the old content or the new, never a part. `durable`: on disk when this returns. */
int file_write(const char *path, const char *text, size_t bytes, bool durable);
/* Writes all of it to a file. */
int file_write_to(int fd, const char *text, size_t bytes);
/* The same for any descriptor: waits where it is non-blocking. */
int write_all(int fd, const char *text, size_t bytes);
/* Creates the folder of a path and `levels` above it; see file.c. */
int create_folder(char *path, int levels);

int trace_open(const char *path);
void trace_line(const char *line, size_t bytes);

#endif
