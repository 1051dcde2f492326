/* A daemon's pipe; between the parts of the pump: pump.c, pipe_sets.c, kept.c. */
#ifndef PITCREW_PIPE_H
#define PITCREW_PIPE_H

#include "glob.h"
#include "lines.h"
#include "ring.h"

struct pipe {
  int fd;
  int run;
  struct lines lines;
  struct glob *tap;         /* what says that the run is ready; NULL when nothing does any more */
  bool tapped, muted;       /* is in the set of those with a tap; is not, until stdout takes more */
  unsigned char *kept_text; /* read while stdout was full; NULL = nothing is kept */
  struct chunk kept;
  size_t grown_bytes;
  bool asked_to_grow;
  bool closing;              /* its run is over: to be emptied and closed */
  struct run *owner;         /* NULL when the run is over */
  struct ring *ring;         /* NULL until it has said something */
  struct pipe *next, **link; /* what points to this one */
  char daemon[];             /* at most NAME_BYTES_MAX, and a NUL */
};

extern struct pipe *pipes;

/* Text that was read now: adds it to the last lines, and passes it on to clients that follow.
 * `lines` knows what came before it. True: it says that the run is ready. */
bool pipe_hear(struct pipe *pipe, const struct lines *lines, const unsigned char *text,
               size_t bytes);

/* ---- pipe_sets.c */

void pipe_sets_init(void);
bool pipe_enter_set(struct pipe *pipe);
void pipe_leave_set(struct pipe *pipe);
void pipe_mute(struct pipe *pipe); /* not read until stdout takes more */
void pipe_untap(struct pipe *pipe);
/* Those that can be read: of the ordinary ones, or of those with a tap. */
struct epoll_event;
int pipes_ready(bool tapped, struct epoll_event *events);

/* ---- kept.c */

enum keeps { KEEPS_MORE, KEEPS_ALL, KEEPS_NO_MORE };
/* What was read before and is not formatted, the unfinished line and this chunk (or NULL), comes
 * first in what is kept. False: there is no room for more; then nothing was taken. */
bool kept_begin(struct pipe *pipe, const struct chunk *rest);
/* Reads a chunk without formatting it. */
enum keeps kept_read(struct pipe *pipe);
bool kept_format(struct pipe *pipe); /* as far as stdout takes it; true when nothing is kept */
bool kept_format_all(void);
void kept_lose(struct pipe *pipe); /* and counts it */
bool kept_is_there(void);          /* of any pipe */

#endif
