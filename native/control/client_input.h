/* Lines of clients. */
#ifndef PITCREW_CONTROL_CLIENT_INPUT_H
#define PITCREW_CONTROL_CLIENT_INPUT_H

#include <stdbool.h>

struct client;
struct run;

/* Reads lines and reports them until this time; at least one, if there is one. False: there is
 * nothing more to be read now. */
bool client_read(struct client *client, double until_ms);
void client_forget_part(struct client *client); /* of a line */
void client_run_drain(struct run *run);         /* what it wrote last is reported now */

#endif
