/* Input of clients. */
#ifndef PITCREW_CONTROL_CLIENT_INPUT_H
#define PITCREW_CONTROL_CLIENT_INPUT_H

#include <stdbool.h>

struct client;
struct run;

/* Reads and reports lines until this time, but at least one if there is one. False: nothing more
 * can be read now. */
bool client_read(struct client *client, double until_ms);
/* The policy is being called with a line of this client. */
bool client_is_in_line(const struct client *client);
void client_drop_partial_line(struct client *client); /* frees it */
void client_run_drain(struct run *run);               /* reports its last lines */

#endif
