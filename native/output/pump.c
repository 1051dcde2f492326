/* The data plane: from the daemons' pipes to lines with a prefix. The policy never sees this text.
 *
 * A chunk is read only after the previous one is formatted: prefixes enlarge text, more than
 * tenfold for empty lines, so the room for a chunk cannot be known beforehand. Daemons are served
 * in turn, one chunk each.
 *
 * While stdout is full, daemons block in their own write, with two exceptions. A pipe that may
 * bring the line by which its run is ready (its pattern) is still read, and so is the pipe of a run
 * that ends, for its last lines. This text is stored as a bounded backlog until it can be
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
      8 * 1024 * 1024, /* pipe memory is a budget shared by all containers of a uid */
  CLOSING_MAX = 64,    /* pipes of ended runs that are kept while stdout is full */
};

struct pipe {
  int fd;
  int run;
  struct lines lines;
  struct glob *pattern; /* of the line that reports readiness; NULL = none, or found */
  bool in_pattern_set;
  bool muted;                  /* is in no set until stdout takes more */
  unsigned char *backlog_text; /* read while stdout was full; NULL = none */
  struct chunk backlog;
  size_t grown_bytes;
  bool asked_to_grow;
  bool closing;              /* its run is over: empty it and close it */
  struct run *owner;         /* NULL when the run is over */
  struct ring *ring;         /* NULL until it has printed something */
  struct pipe *next, **link; /* `link` points to the pointer to this pipe */
  char daemon[];             /* at most NAME_BYTES_MAX, and a NUL */
};

static struct pipe *pipes;
static size_t grown_total, closing_count;
static bool given_up;

/* The last chunk that was read, and its pipe. */
static unsigned char text[CHUNK_BYTES + COPY_SLACK_BYTES];
static struct chunk chunk = {text, 0, 0};
static struct pipe *chunk_pipe;

/* ---- the epoll sets
 *
 * The first is removed from the loop while stdout is full, which silences all of its pipes with one
 * call. The second stays: its pipes have a pattern. Most bundles have none, so it is created for
 * the first. */

static struct watch watch = {WATCH_PIPES}, pattern_watch = {WATCH_PATTERN_PIPES};
static int pipes_fd = -1, pattern_fd = -1;
static size_t muted_count;

/* Readable pipes of one of the sets. */
static int pipes_ready(bool in_pattern_set, struct epoll_event *events) {
  return epoll_wait(in_pattern_set ? pattern_fd : pipes_fd, events, BATCH_MAX, 0);
}

static bool pipe_enter_set(struct pipe *pipe) {
  if (pipe->pattern && pattern_fd < 0) {
    pattern_fd = epoll_create1(EPOLL_CLOEXEC);
    loop_watch_with_retry(pattern_fd, EPOLLIN, &pattern_watch);
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = pipe};
  pipe->in_pattern_set = pipe->pattern != NULL;
  return epoll_ctl(pipe->in_pattern_set ? pattern_fd : pipes_fd, EPOLL_CTL_ADD, pipe->fd, &event) ==
         0;
}

static void pipe_leave_set(struct pipe *pipe) {
  if (!pipe->muted)
    epoll_ctl(pipe->in_pattern_set ? pattern_fd : pipes_fd, EPOLL_CTL_DEL, pipe->fd, NULL);
  muted_count -= pipe->muted;
  pipe->muted = false;
}

/* Stops reading it until stdout takes more. */
static void pipe_mute(struct pipe *pipe) {
  if (pipe->muted || !pipe->in_pattern_set) return;
  pipe_leave_set(pipe);
  pipe->muted = true;
  muted_count++;
}

static void pipe_drop_pattern(struct pipe *pipe) {
  pipe_leave_set(pipe);
  glob_free(pipe->pattern);
  pipe->pattern = NULL;
  pipe_enter_set(pipe);
}

static void pump_pause(bool paused) {
  if (paused) {
    loop_unwatch(pipes_fd);
    return;
  }
  loop_watch_with_retry(pipes_fd, EPOLLIN, &watch);
  for (struct pipe *pipe = pipes; pipe && muted_count > 0; pipe = pipe->next) {
    if (!pipe->muted) continue;
    pipe_leave_set(pipe);
    pipe_enter_set(pipe);
  }
}

void pump_init(void) {
  pipes_fd = epoll_create1(EPOLL_CLOEXEC);
  loop_watch_with_retry(pipes_fd, EPOLLIN, &watch);
  out_on_stall(pump_pause);
}

/* ---- new text */

/* Adds it to the ring, and passes it on to followers; `lines` holds the unfinished line. */
static void record_text(struct pipe *pipe, const struct lines *lines, const void *piece,
                        size_t bytes) {
  int64_t ms = wall_ms();
  if (!pipe->ring) pipe->ring = ring_of(pipe->daemon);
  if (pipe->ring) ring_add(pipe->ring, pipe->run, piece, bytes, ms);
  if (logs_followed) logs_add(lines, piece, bytes, ms);
}

/* True: it matches the pattern, so the run is ready. */
static bool add_text(struct pipe *pipe, const struct lines *lines, const unsigned char *piece,
                     size_t bytes) {
  record_text(pipe, lines, piece, bytes);
  if (!pipe->pattern || !glob_feed(pipe->pattern, piece, bytes)) return false;
  pipe_drop_pattern(pipe);
  return true;
}

/* ---- the backlog: text that was read while stdout is full */

enum {
  BACKLOG_BYTES = 64 * 1024,
  BACKLOG_PIPES_MAX = 16, /* 1 MiB in all */
};

enum backlog_state { BACKLOG_MORE, BACKLOG_ALL, BACKLOG_NO_MORE };

static size_t backlog_count;

static void backlog_free(struct pipe *pipe) {
  backlog_count -= pipe->backlog_text != NULL;
  free(pipe->backlog_text);
  pipe->backlog_text = NULL;
}

/* Begins with the unfinished line and the unformatted rest of a chunk (or NULL). False: no room;
 * then nothing is taken. */
static bool backlog_begin(struct pipe *pipe, const struct chunk *rest) {
  if (pipe->backlog_text) return pipe->backlog.end < BACKLOG_BYTES;
  struct lines *lines = &pipe->lines;
  size_t bytes = rest ? rest->end - rest->at : 0;
  if (lines->partial_bytes + bytes >= BACKLOG_BYTES) return false;
  /* Half of it is reserved for pipes with a pattern. */
  if (backlog_count >= (pipe->pattern ? BACKLOG_PIPES_MAX : BACKLOG_PIPES_MAX / 2)) return false;
  unsigned char *backlog = malloc(BACKLOG_BYTES + COPY_SLACK_BYTES);
  if (!backlog) return false;
  if (lines->partial_bytes) memcpy(backlog, lines->partial, lines->partial_bytes);
  if (bytes) memcpy(backlog + lines->partial_bytes, rest->text + rest->at, bytes);
  pipe->backlog_text = backlog;
  pipe->backlog = (struct chunk){backlog, 0, lines->partial_bytes + bytes};
  backlog_count++;
  lines_forget(lines);
  return true;
}

/* The unfinished line at the end of the backlog. */
static struct lines last_line(const struct pipe *pipe) {
  size_t bytes = pipe->backlog.end - pipe->backlog.at;
  unsigned char *from = pipe->backlog_text + pipe->backlog.at;
  unsigned char *newline = memrchr(from, '\n', bytes);
  unsigned char *line = newline ? newline + 1 : from;
  return (struct lines){
      .daemon = pipe->daemon, .partial = line, .partial_bytes = (size_t)(from + bytes - line)};
}

/* Reads a chunk without formatting it. */
static enum backlog_state backlog_read(struct pipe *pipe) {
  unsigned char *to = pipe->backlog_text + pipe->backlog.end;
  ssize_t n = read(pipe->fd, to, BACKLOG_BYTES - pipe->backlog.end);
  if (n < 0) return errno == EINTR ? BACKLOG_MORE : errno == EAGAIN ? BACKLOG_ALL : BACKLOG_NO_MORE;
  if (n == 0) return BACKLOG_NO_MORE;
  struct lines before = last_line(pipe);
  pipe->backlog.end += (size_t)n;
  if (add_text(pipe, &before, to, (size_t)n) && pipe->owner) run_report_ready(pipe->owner);
  return BACKLOG_MORE;
}

/* Stops when stdout is full. True: the backlog is empty. */
static bool backlog_format(struct pipe *pipe) {
  if (!pipe->backlog_text) return true;
  if (!lines_format(&pipe->lines, &pipe->backlog)) return false;
  backlog_free(pipe);
  return true;
}

static bool backlog_format_all(void) {
  for (struct pipe *pipe = pipes; pipe && backlog_count > 0; pipe = pipe->next)
    if (!backlog_format(pipe)) return false;
  return true;
}

static void backlog_lose(struct pipe *pipe) {
  if (!pipe->backlog_text) return;
  out_count_lost(pipe->backlog_text + pipe->backlog.at, pipe->backlog.end - pipe->backlog.at, 0);
  backlog_free(pipe);
}

static bool backlog_exists(void) { return backlog_count > 0; }

/* ---- pipes */

struct pipe *pump_add(int fd, struct run *run, struct glob *pattern) {
  size_t name_bytes = strlen(run->daemon) + 1;
  struct pipe *pipe = calloc(1, sizeof *pipe + name_bytes);
  if (!pipe) return NULL;
  pipe->fd = fd;
  pipe->run = run->number;
  pipe->pattern = pattern;
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

/* A daemon that fills its pipe between two reads gets a larger one, once, within the budget. */
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

/* Ends a last line without a newline. What cannot be printed is counted as lost. No event is needed
 * before the exit of the run: the report of the exit says whether the output is open. */
static void close_pipe(struct pipe *pipe, bool at_end) {
  const struct run *owner = pipe->owner;
  bool is_awaited = !owner || owner->exit_reported;
  if (!backlog_format(pipe)) backlog_lose(pipe);
  if (pipe->lines.partial_bytes) record_text(pipe, &pipe->lines, "\n", 1);
  lines_end(&pipe->lines);
  if (!at_end) out_count_lost(NULL, bytes_in_pipe(pipe), 0);
  grown_total -= pipe->grown_bytes;
  closing_count -= pipe->closing;
  pipe_leave_set(pipe);
  close(pipe->fd);
  *pipe->link = pipe->next;
  if (pipe->next) pipe->next->link = pipe->link;
  if (pipe->owner) pipe->owner->pipe = NULL;
  if (chunk_pipe == pipe) chunk_pipe = NULL;
  glob_free(pipe->pattern);
  /* It is in no list any more: the event's consequences cannot touch it. */
  if (is_awaited) event_output_closed(pipe->daemon, pipe->run);
  free(pipe);
}

enum served { SERVED_SOME, SERVED_EMPTY, SERVED_CLOSED, SERVED_FULL };

static bool format_chunk(void) { return !chunk_pipe || lines_format(&chunk_pipe->lines, &chunk); }

static enum served serve_pipe(struct pipe *pipe) {
  if (!format_chunk() || !backlog_format(pipe)) return SERVED_FULL;
  ssize_t n = read(pipe->fd, text, CHUNK_BYTES);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return SERVED_EMPTY;
  if (n <= 0) {
    close_pipe(pipe, n == 0);
    return SERVED_CLOSED;
  }
  if (n >= PIPE_BYTES) grow(pipe);
  chunk_pipe = pipe;
  chunk.at = 0;
  chunk.end = (size_t)n;
  bool ready = add_text(pipe, &pipe->lines, text, (size_t)n);
  bool whole = format_chunk();
  /* Report after the formatting: the policy may print. */
  if (ready && pipe->owner) run_report_ready(pipe->owner);
  return whole ? SERVED_SOME : SERVED_FULL;
}

/* Reads what is in the pipe now, up to the size of a full one: a process may go on writing. */
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
  /* While stdout is full, pipes of ended runs must not accumulate. The oldest are last. */
  for (struct pipe *pipe = pipes; pipe && closing_count > CLOSING_MAX; pipe = next) {
    next = pipe->next;
    if (pipe->closing && pipe != chunk_pipe) close_pipe(pipe, false);
  }
}

static bool chunk_is_pending(void) { return chunk_pipe && chunk.at < chunk.end; }

/* After a stall the rest of a chunk is pending, and no pipe may be readable to wake us. */
bool pump_wants_turn(void) {
  if (given_up) return false;
  if (closing_count > CLOSING_MAX) return true;
  return !out_stalled() && (closing_count > 0 || backlog_exists() || chunk_is_pending());
}

void pump_turn(void) {
  if (given_up) return;
  struct epoll_event ready[BATCH_MAX];
  bool takes = !out_stalled() && format_chunk() && backlog_format_all();
  int count = takes ? pipes_ready(false, ready) : 0;
  for (int i = 0; i < count; i++)
    if (serve_pipe(ready[i].data.ptr) == SERVED_FULL) break;
  if (closing_count > 0) serve_closing();
}

static enum backlog_state backlog_chunk(struct pipe *pipe) {
  if (!backlog_begin(pipe, chunk_pipe == pipe ? &chunk : NULL)) return BACKLOG_NO_MORE;
  if (chunk_pipe == pipe) chunk_pipe = NULL;
  return backlog_read(pipe);
}

void pump_pattern_turn(void) {
  if (given_up) return;
  struct epoll_event ready[BATCH_MAX];
  int count = pipes_ready(true, ready);
  for (int i = 0; i < count; i++) {
    struct pipe *pipe = ready[i].data.ptr;
    if (serve_pipe(pipe) != SERVED_FULL || !pipe->in_pattern_set) continue;
    if (backlog_chunk(pipe) == BACKLOG_NO_MORE) pipe_mute(pipe);
  }
}

/* Reads the last lines before an end is reported, as far as there is room for them in a stall. */
void pump_drain(struct pipe *pipe) {
  if (given_up || empty_pipe(pipe) != SERVED_FULL) return;
  while (backlog_chunk(pipe) == BACKLOG_MORE) continue;
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

bool pump_idle(void) { return given_up || (!pipes && !chunk_is_pending()); }

void pump_give_up(void) {
  if (given_up) return;
  given_up = true;
  if (chunk_is_pending()) out_count_lost(text + chunk.at, chunk.end - chunk.at, 0);
  for (struct pipe *pipe = pipes; pipe; pipe = pipe->next) {
    backlog_lose(pipe);
    out_count_lost(NULL, bytes_in_pipe(pipe) + pipe->lines.partial_bytes, 0);
  }
}
