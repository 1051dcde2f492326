/* The data plane: daemons' pipes in, lines with a prefix out. The policy never sees a byte of it.
 *
 * A chunk is read only when the last one is formatted whole: a prefix makes text grow, for empty
 * lines more than tenfold, so that "there is room for what was read" cannot be known beforehand.
 * A daemon is served in turn, a chunk at a time.
 *
 * While stdout is full, daemons wait in their own write, with two exceptions. A pipe
 * that may bring the line by which its run is ready (its tap) is read on, and so is the pipe of a
 * run that ends, for its last lines. What is read then is kept, within a bound, until it can be
 * formatted. */
#define _GNU_SOURCE
#include "output/pump.h"
#include "base/clock.h"
#include "base/limits.h"
#include "engine/events.h"
#include "health/ready.h"
#include "loop/loop.h"
#include "output/glob.h"
#include "output/lines.h"
#include "output/logs.h"
#include "output/out.h"
#include "output/ring.h"
#include "tree/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
  CHUNK_BYTES = 128 * 1024,
  PIPE_BYTES = 64 * 1024,
  PIPE_GROWN_BYTES = 256 * 1024,
  GROWN_TOTAL_BYTES =
      8 * 1024 * 1024, /* pipe memory is a budget that all containers of a uid share */
  CLOSING_MAX = 64,    /* pipes of runs that are over, kept while stdout is full */
};

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

static struct pipe *pipes;
static size_t grown_total, closing_count;
static bool given_up;

/* The chunk that was read last: what of it is not formatted yet, and whose it is. */
static unsigned char text[CHUNK_BYTES + COPY_SLACK_BYTES];
static struct chunk chunk = {text, 0, 0};
static struct pipe *chunk_of;

/* ---- the epoll sets
 *
 * One is taken out of the loop while stdout is full, which silences all of it with one call. The
 * other one stays: its pipes have a tap. Most bundles have none, so it is made for the first. */

static struct watch watch = {WATCH_PIPES}, tapped_watch = {WATCH_TAPPED};
static int pipes_fd = -1, tapped_fd = -1;
static size_t muted_count;

/* Those that can be read: of the ordinary ones, or of those with a tap. */
static int pipes_ready(bool tapped, struct epoll_event *events) {
  return epoll_wait(tapped ? tapped_fd : pipes_fd, events, BATCH_MAX, 0);
}

static bool pipe_enter_set(struct pipe *pipe) {
  if (pipe->tap && tapped_fd < 0) {
    tapped_fd = epoll_create1(EPOLL_CLOEXEC);
    loop_watch_surely(tapped_fd, EPOLLIN, &tapped_watch);
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = pipe};
  pipe->tapped = pipe->tap != NULL;
  return epoll_ctl(pipe->tapped ? tapped_fd : pipes_fd, EPOLL_CTL_ADD, pipe->fd, &event) == 0;
}

static void pipe_leave_set(struct pipe *pipe) {
  if (!pipe->muted) epoll_ctl(pipe->tapped ? tapped_fd : pipes_fd, EPOLL_CTL_DEL, pipe->fd, NULL);
  muted_count -= pipe->muted;
  pipe->muted = false;
}

/* Not read until stdout takes more. */
static void pipe_mute(struct pipe *pipe) {
  if (pipe->muted || !pipe->tapped) return;
  pipe_leave_set(pipe);
  pipe->muted = true;
  muted_count++;
}

static void pipe_untap(struct pipe *pipe) {
  pipe_leave_set(pipe);
  glob_free(pipe->tap);
  pipe->tap = NULL;
  pipe_enter_set(pipe);
}

static void pump_pause(bool paused) {
  if (paused) {
    loop_unwatch(pipes_fd);
    return;
  }
  loop_watch_surely(pipes_fd, EPOLLIN, &watch);
  for (struct pipe *pipe = pipes; pipe && muted_count > 0; pipe = pipe->next) {
    if (!pipe->muted) continue;
    pipe_leave_set(pipe);
    pipe_enter_set(pipe);
  }
}

void pump_init(void) {
  pipes_fd = epoll_create1(EPOLL_CLOEXEC);
  loop_watch_surely(pipes_fd, EPOLLIN, &watch);
  out_on_stall(pump_pause);
}

/* ---- what was read */

/* Adds it to the last lines, and passes it on to clients that follow; `lines` knows what came
 * before it. */
static void pass_on(struct pipe *pipe, const struct lines *lines, const void *piece, size_t bytes) {
  int64_t ms = wall_ms();
  if (!pipe->ring) pipe->ring = ring_of(pipe->daemon);
  if (pipe->ring) ring_add(pipe->ring, pipe->run, piece, bytes, ms);
  if (logs_followed) logs_add(lines, piece, bytes, ms);
}

/* True: it reports that the run is ready. */
static bool take_text(struct pipe *pipe, const struct lines *lines, const unsigned char *piece,
                      size_t bytes) {
  pass_on(pipe, lines, piece, bytes);
  if (!pipe->tap || !glob_feed(pipe->tap, piece, bytes)) return false;
  pipe_untap(pipe);
  return true;
}

/* ---- text that is read while stdout is full, and waits to be formatted */

enum {
  KEPT_BYTES = 64 * 1024,
  KEPT_PIPES_MAX = 16, /* of so many pipes: 1 MiB in all */
};

enum keeps { KEEPS_MORE, KEEPS_ALL, KEEPS_NO_MORE };

static size_t kept_count;

static void forget_kept(struct pipe *pipe) {
  kept_count -= pipe->kept_text != NULL;
  free(pipe->kept_text);
  pipe->kept_text = NULL;
}

/* What was read before and is not formatted, the unfinished line and this chunk (or NULL), comes
 * first in what is kept. False: there is no room for more; then nothing was taken. */
static bool kept_begin(struct pipe *pipe, const struct chunk *rest) {
  if (pipe->kept_text) return pipe->kept.end < KEPT_BYTES;
  struct lines *lines = &pipe->lines;
  size_t bytes = rest ? rest->end - rest->at : 0;
  if (lines->partial_bytes + bytes >= KEPT_BYTES) return false;
  /* Half of the room is for those that wait for their sign. */
  if (kept_count >= (pipe->tap ? KEPT_PIPES_MAX : KEPT_PIPES_MAX / 2)) return false;
  unsigned char *kept = malloc(KEPT_BYTES + COPY_SLACK_BYTES);
  if (!kept) return false;
  if (lines->partial_bytes) memcpy(kept, lines->partial, lines->partial_bytes);
  if (bytes) memcpy(kept + lines->partial_bytes, rest->text + rest->at, bytes);
  pipe->kept_text = kept;
  pipe->kept = (struct chunk){kept, 0, lines->partial_bytes + bytes};
  kept_count++;
  lines_forget(lines);
  return true;
}

/* The unfinished line at the end of what is kept. */
static struct lines last_line(const struct pipe *pipe) {
  size_t bytes = pipe->kept.end - pipe->kept.at;
  unsigned char *from = pipe->kept_text + pipe->kept.at;
  unsigned char *newline = memrchr(from, '\n', bytes);
  unsigned char *line = newline ? newline + 1 : from;
  return (struct lines){
      .daemon = pipe->daemon, .partial = line, .partial_bytes = (size_t)(from + bytes - line)};
}

/* Reads a chunk without formatting it. */
static enum keeps kept_read(struct pipe *pipe) {
  unsigned char *to = pipe->kept_text + pipe->kept.end;
  ssize_t n = read(pipe->fd, to, KEPT_BYTES - pipe->kept.end);
  if (n < 0) return errno == EINTR ? KEEPS_MORE : errno == EAGAIN ? KEEPS_ALL : KEEPS_NO_MORE;
  if (n == 0) return KEEPS_NO_MORE;
  struct lines before = last_line(pipe);
  pipe->kept.end += (size_t)n;
  if (take_text(pipe, &before, to, (size_t)n) && pipe->owner) run_is_ready(pipe->owner);
  return KEEPS_MORE;
}

/* As far as stdout takes it; true when nothing is kept. */
static bool kept_format(struct pipe *pipe) {
  if (!pipe->kept_text) return true;
  if (!lines_format(&pipe->lines, &pipe->kept)) return false;
  forget_kept(pipe);
  return true;
}

static bool kept_format_all(void) {
  for (struct pipe *pipe = pipes; pipe && kept_count > 0; pipe = pipe->next)
    if (!kept_format(pipe)) return false;
  return true;
}

static void kept_lose(struct pipe *pipe) {
  if (!pipe->kept_text) return;
  out_count_lost(pipe->kept_text + pipe->kept.at, pipe->kept.end - pipe->kept.at, 0);
  forget_kept(pipe);
}

static bool kept_is_there(void) { return kept_count > 0; }

/* ---- pipes */

struct pipe *pump_add(int fd, struct run *run, struct glob *tap) {
  size_t name_bytes = strlen(run->daemon) + 1;
  struct pipe *pipe = calloc(1, sizeof *pipe + name_bytes);
  if (!pipe) return NULL;
  pipe->fd = fd;
  pipe->run = run->number;
  pipe->tap = tap;
  pipe->owner = run;
  memcpy(pipe->daemon, run->daemon, name_bytes);
  lines_init(&pipe->lines, pipe->daemon);
  if (!pipe_enter_set(pipe)) {
    free(pipe);
    return NULL;
  }
  pipe->next = pipes;
  pipe->link = &pipes;
  if (pipes) pipes->link = &pipe->next;
  pipes = pipe;
  return pipe;
}

void pump_disown(struct pipe *pipe) { pipe->owner = NULL; }

/* A daemon that fills its pipe between two looks gets a larger one, once, while there is room in
 * the budget. */
static void grow(struct pipe *pipe) {
  const size_t more = PIPE_GROWN_BYTES - PIPE_BYTES;
  if (pipe->asked_to_grow || grown_total + more > GROWN_TOTAL_BYTES) return;
  pipe->asked_to_grow = true;
  if (fcntl(pipe->fd, F_SETPIPE_SZ, PIPE_GROWN_BYTES) < 0) return;
  pipe->grown_bytes = more;
  grown_total += more;
}

static size_t bytes_in_pipe(const struct pipe *pipe) {
  int bytes = 0;
  return ioctl(pipe->fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

/* A last line without a newline gets one. What cannot be passed on any more is counted. */
static void close_pipe(struct pipe *pipe, bool at_end) {
  if (!kept_format(pipe)) kept_lose(pipe);
  if (pipe->lines.partial_bytes) pass_on(pipe, &pipe->lines, "\n", 1);
  lines_end(&pipe->lines);
  if (!at_end) out_count_lost(NULL, bytes_in_pipe(pipe), 0);
  grown_total -= pipe->grown_bytes;
  closing_count -= pipe->closing;
  pipe_leave_set(pipe);
  close(pipe->fd);
  *pipe->link = pipe->next;
  if (pipe->next) pipe->next->link = pipe->link;
  if (pipe->owner) pipe->owner->pipe = NULL;
  if (chunk_of == pipe) chunk_of = NULL;
  glob_free(pipe->tap);
  /* Nobody finds it any more: what comes of the event cannot touch it. */
  event_output_closed(pipe->daemon, pipe->run);
  free(pipe);
}

enum served { SERVED_SOME, SERVED_EMPTY, SERVED_CLOSED, SERVED_FULL };

static bool format_chunk(void) { return !chunk_of || lines_format(&chunk_of->lines, &chunk); }

static enum served serve_pipe(struct pipe *pipe) {
  if (!format_chunk() || !kept_format(pipe)) return SERVED_FULL;
  ssize_t n = read(pipe->fd, text, CHUNK_BYTES);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return SERVED_EMPTY;
  if (n <= 0) {
    close_pipe(pipe, n == 0);
    return SERVED_CLOSED;
  }
  if (n >= PIPE_BYTES) grow(pipe);
  chunk_of = pipe;
  chunk.at = 0;
  chunk.end = (size_t)n;
  bool ready = take_text(pipe, &pipe->lines, text, (size_t)n);
  bool whole = format_chunk();
  /* Told behind the formatting: the policy may print. */
  if (ready && pipe->owner) run_is_ready(pipe->owner);
  return whole ? SERVED_SOME : SERVED_FULL;
}

/* Reads what is in the pipe now, and no more than a full one holds: somebody may go on writing. */
static enum served empty_pipe(struct pipe *pipe) {
  enum served served = SERVED_SOME;
  for (int chunks = PIPE_GROWN_BYTES / CHUNK_BYTES; chunks > 0 && served == SERVED_SOME; chunks--)
    served = serve_pipe(pipe);
  return served;
}

static void serve_closing(void) {
  struct pipe *next;
  for (struct pipe *pipe = pipes; pipe && closing_count > 0; pipe = next) {
    next = pipe->next;
    if (!pipe->closing) continue;
    enum served served = empty_pipe(pipe);
    if (served == SERVED_FULL) break;
    if (served != SERVED_CLOSED) close_pipe(pipe, false);
  }
  /* With stdout full for long, pipes of runs that are over must not add up. The oldest are last. */
  for (struct pipe *pipe = pipes; pipe && closing_count > CLOSING_MAX; pipe = next) {
    next = pipe->next;
    if (pipe->closing && pipe != chunk_of) close_pipe(pipe, false);
  }
}

static bool chunk_waits(void) { return chunk_of && chunk.at < chunk.end; }

/* After a stall the rest of a chunk waits for us, and no pipe may be readable to remind us of it.
 */
bool pump_wants_turn(void) {
  if (given_up) return false;
  if (closing_count > CLOSING_MAX) return true;
  return !out_stalled() && (closing_count > 0 || kept_is_there() || chunk_waits());
}

void pump_turn(void) {
  if (given_up) return;
  struct epoll_event ready[BATCH_MAX];
  bool takes = !out_stalled() && format_chunk() && kept_format_all();
  int count = takes ? pipes_ready(false, ready) : 0;
  for (int i = 0; i < count; i++)
    if (serve_pipe(ready[i].data.ptr) == SERVED_FULL) break;
  if (closing_count > 0) serve_closing();
}

static enum keeps keep_chunk(struct pipe *pipe) {
  if (!kept_begin(pipe, chunk_of == pipe ? &chunk : NULL)) return KEEPS_NO_MORE;
  if (chunk_of == pipe) chunk_of = NULL;
  return kept_read(pipe);
}

void pump_tapped_turn(void) {
  if (given_up) return;
  struct epoll_event ready[BATCH_MAX];
  int count = pipes_ready(true, ready);
  for (int i = 0; i < count; i++) {
    struct pipe *pipe = ready[i].data.ptr;
    if (serve_pipe(pipe) != SERVED_FULL || !pipe->tapped) continue;
    if (keep_chunk(pipe) == KEEPS_NO_MORE) pipe_mute(pipe);
  }
}

/* Before a death is told: the last lines come first. In a stall, too, as far as there is room for
 * them. */
void pump_drain(struct pipe *pipe) {
  if (given_up || empty_pipe(pipe) != SERVED_FULL) return;
  while (keep_chunk(pipe) == KEEPS_MORE) continue;
}

static void mark_closing(struct pipe *pipe) {
  closing_count += !pipe->closing;
  pipe->closing = true;
}

/* By name: the run may be over. */
void pump_close(const char *daemon, int run) {
  struct pipe *pipe = pipes;
  while (pipe && (pipe->run != run || strcmp(pipe->daemon, daemon) != 0)) pipe = pipe->next;
  if (pipe) mark_closing(pipe);
}

void pump_close_all(void) {
  for (struct pipe *pipe = pipes; pipe; pipe = pipe->next) mark_closing(pipe);
}

bool pump_idle(void) { return given_up || (!pipes && !chunk_waits()); }

void pump_give_up(void) {
  if (given_up) return;
  given_up = true;
  if (chunk_waits()) out_count_lost(text + chunk.at, chunk.end - chunk.at, 0);
  for (struct pipe *pipe = pipes; pipe; pipe = pipe->next) {
    kept_lose(pipe);
    out_count_lost(NULL, bytes_in_pipe(pipe) + pipe->lines.partial_bytes, 0);
  }
}
