/* Contents that clients send behind a line. They go from the socket into memory of the kernel
 * (memfd), and from there to a helper, as its stdin; they never enter the engine. */
#ifndef PITCREW_CONTROL_CONTENT_H
#define PITCREW_CONTROL_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

/* The next bytes of the client are its content, which must be complete in time. 0 or errno: EFBIG,
 * EBUSY (there are too many, or this client has one), or why there is no memfd. */
int content_begin(struct client *client, size_t bytes, double timeout_ms);
/* Reads a piece, and reports the content when it is complete. False: nothing more can be read
 * now. */
bool content_read(struct client *client);
/* The descriptor of a complete content, at its beginning; -1 = there is none. */
int content_of(int64_t client);
/* An incomplete content is dropped; a complete one is kept for ten minutes. */
void content_client_gone(int64_t client);
void content_drop(int64_t client);
/* The same without closing the descriptor, which another module has now. */
void content_hand_over(int64_t client);

/* ---- deadlines. Where there are no contents, no function is called: this module stays out of
 * memory. */

extern size_t contents_count;

double contents_deadline_ms(void);
void contents_check_deadlines(double now);

#endif
