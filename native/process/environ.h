/* The arguments and the environment of this process. */
#ifndef PITCREW_PROCESS_ENVIRON_H
#define PITCREW_PROCESS_ENVIRON_H

#include <stddef.h>

extern int process_argc;
extern char **process_argv;
extern char **environment;
extern size_t environment_count;

void environment_init(int argc, char **argv, char **envp);
void environment_hide(size_t position);
const char *environment_get(const char *name);
/* Sets a variable ("NAME=value") in an environment with room for one more; the entry stays. */
void environment_put(char **envp, char *entry);
void environment_remove(char **envp, const char *name); /* "NAME=" */

#endif
