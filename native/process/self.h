/* The file of this program, to be executed again. */
#ifndef PITCREW_PROCESS_SELF_H
#define PITCREW_PROCESS_SELF_H

void self_init(void);
/* Both return only on failure: errno. */
int exec_self(char *const *argv);                       /* in our place */
int exec_own_file(char *const *argv, char *const *env); /* in a child: does not write errno */

#endif
