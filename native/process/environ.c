/* The environment by position. Values may be any bytes and may be secrets, so they do not pass
 * through the engine. */
#define _GNU_SOURCE
#include "process/environ.h"

#include <string.h>

int process_argc;
char **process_argv;
char **environment;
size_t environment_count;

void environment_init(int argc, char **argv, char **envp) {
  process_argc = argc;
  process_argv = argv;
  environment = envp;
  while (envp[environment_count]) environment_count++;
}

/* Other processes of our user can read this memory as /proc/PID/environ. */
void environment_hide(size_t position) {
  if (position >= environment_count) return;
  char *shown = environment[position];
  char *kept = strdup(shown);
  if (!kept) return;
  environment[position] = kept;
  explicit_bzero(shown, strlen(shown));
}

void environment_put(char **envp, char *entry) {
  size_t length = (size_t)(strchr(entry, '=') - entry) + 1;
  char **to = envp;
  for (char **from = envp; *from; from++)
    if (strncmp(*from, entry, length) != 0) *to++ = *from;
  *to++ = entry;
  *to = NULL;
}

void environment_remove(char **envp, const char *name) {
  size_t length = strlen(name);
  char **to = envp;
  for (char **from = envp; *from; from++)
    if (strncmp(*from, name, length) != 0) *to++ = *from;
  *to = NULL;
}

const char *environment_get(const char *name) {
  size_t length = strlen(name);
  for (size_t i = 0; i < environment_count; i++)
    if (strncmp(environment[i], name, length) == 0 && environment[i][length] == '=')
      return environment[i] + length + 1;
  return NULL;
}
