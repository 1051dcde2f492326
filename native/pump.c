/* The data plane: daemons' pipes in, lines with a prefix out. The policy never sees a byte of it.
 *
 * A chunk is read only when the last one is formatted whole: a prefix makes text grow, for empty lines more
 * than tenfold, so that "there is room for what was read" cannot be known beforehand. All pipes are
 * in an epoll set of their own inside the loop's: taking that one out silences all of them. A daemon is
 * served in turn, a chunk at a time. */
#define _GNU_SOURCE
#include "host.h"
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
  CHUNK_BYTES = 128 * 1024,
  PIPE_BYTES = 64 * 1024,
  PIPE_GROWN_BYTES = 256 * 1024,
  GROWN_TOTAL_BYTES = 8 * 1024 * 1024, /* pipe memory is a budget that all containers of a uid share */
  PARTIAL_TOTAL_BYTES = 8 * 1024 * 1024,
  CLOSING_MAX = 64, /* pipes of runs that are over, kept while stdout is full */
  PREFIX_BYTES_MAX = NAME_BYTES_MAX + 4,
};

struct pipe {
  int fd;
  int run;
  char daemon[NAME_BYTES_MAX + 1];
  unsigned char prefix[PREFIX_BYTES_MAX];
  size_t prefix_bytes;
  unsigned char *partial; /* a line that has not ended yet */
  size_t partial_bytes, partial_room;
  size_t grown_bytes;
  bool asked_to_grow;
  bool closing; /* its run is over: to be emptied and closed */
  struct pipe *next;
};

static struct watch watch = {WATCH_PIPES};
static int pipes_fd = -1;
static struct pipe *pipes;
static size_t grown_total, partial_total, closing_count;

/* The chunk that was read last: what of it is not formatted yet, and whose it is. */
static unsigned char chunk[CHUNK_BYTES + COPY_SLACK_BYTES];
static size_t chunk_at, chunk_end;
static struct pipe *chunk_of;

void pump_init(void) {
  pipes_fd = epoll_create1(EPOLL_CLOEXEC);
  loop_watch(pipes_fd, EPOLLIN, &watch);
}

void pump_pause(bool paused) {
  if (paused) loop_unwatch(pipes_fd);
  else loop_watch(pipes_fd, EPOLLIN, &watch);
}

bool pump_add(int fd, const char *daemon, int run) {
  struct pipe *pipe = calloc(1, sizeof *pipe);
  if (!pipe) return false;
  pipe->fd = fd;
  pipe->run = run;
  strncpy(pipe->daemon, daemon, NAME_BYTES_MAX);
  pipe->prefix_bytes = (size_t)snprintf((char *)pipe->prefix, sizeof pipe->prefix, "[%s] ", pipe->daemon);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = pipe};
  if (epoll_ctl(pipes_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
    free(pipe);
    return false;
  }
  pipe->next = pipes;
  pipes = pipe;
  return true;
}

/* ---- formatting */

/* Writes a whole line: prefix, what came of it before, its last piece. False = stdout is full. */
static bool put_line(struct pipe *pipe, const unsigned char *piece, size_t piece_bytes) {
  size_t before = pipe->prefix_bytes + pipe->partial_bytes;
  unsigned char *to = out_room(before + piece_bytes + 1);
  if (!to) return false;
  memcpy(to, pipe->prefix, pipe->prefix_bytes);
  if (pipe->partial_bytes) memcpy(to + pipe->prefix_bytes, pipe->partial, pipe->partial_bytes);
  if (piece_bytes) memcpy(to + before, piece, piece_bytes); /* Nothing has no address. */
  to[before + piece_bytes] = '\n';
  out_commit(before + piece_bytes + 1);
  partial_total -= pipe->partial_room;
  free(pipe->partial);
  pipe->partial = NULL;
  pipe->partial_bytes = pipe->partial_room = 0;
  return true;
}

/* Keeps a piece of a line that has not ended; false where memory for it is used up. */
static bool keep_partial(struct pipe *pipe, const unsigned char *piece, size_t bytes) {
  size_t wanted = pipe->partial_bytes + bytes;
  if (wanted > pipe->partial_room) {
    size_t room = wanted < 256 ? 256 : wanted < LINE_BYTES_MAX / 2 ? wanted * 2 : LINE_BYTES_MAX;
    if (partial_total - pipe->partial_room + room > PARTIAL_TOTAL_BYTES) return false;
    unsigned char *grown = realloc(pipe->partial, room);
    if (!grown) return false;
    partial_total += room - pipe->partial_room;
    pipe->partial = grown;
    pipe->partial_room = room;
  }
  memcpy(pipe->partial + pipe->partial_bytes, piece, bytes);
  pipe->partial_bytes += bytes;
  return true;
}

/* The common case: whole lines, straight from the chunk into the output. */
static void put_whole_lines(struct pipe *pipe) {
  while (chunk_at < chunk_end) {
    size_t bytes = chunk_end - chunk_at;
    if (bytes > LINE_BYTES_MAX + 1) bytes = LINE_BYTES_MAX + 1;
    unsigned char *to = out_room(pipe->prefix_bytes + bytes);
    if (!to) return;
    int found;
    memcpy(to, pipe->prefix, sizeof pipe->prefix);
    size_t copied = copy_until_newline(to + pipe->prefix_bytes, chunk + chunk_at, bytes, &found);
    if (!found) return;
    out_commit(pipe->prefix_bytes + copied);
    chunk_at += copied;
  }
}

/* Formats the chunk as far as stdout takes it; true when all of it is done. */
static bool format_chunk(void) {
  struct pipe *pipe = chunk_of;
  while (pipe && chunk_at < chunk_end) {
    if (pipe->partial_bytes == 0) put_whole_lines(pipe);
    size_t bytes = chunk_end - chunk_at;
    if (bytes == 0) break;
    const unsigned char *from = chunk + chunk_at;
    size_t room = LINE_BYTES_MAX - pipe->partial_bytes;
    const unsigned char *newline = memchr(from, '\n', bytes <= room ? bytes : room + 1);
    size_t piece = newline ? (size_t)(newline - from) : bytes < room ? bytes : room;
    bool ends = newline || bytes > room;
    if (!ends && keep_partial(pipe, from, piece)) {
      chunk_at += piece;
    } else {
      if (!put_line(pipe, from, piece)) return false;
      chunk_at += piece + (newline ? 1 : 0);
    }
  }
  return true;
}

/* ---- reading */

/* A daemon that fills its pipe between two looks gets a larger one, once, while there is room in the budget. */
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
static void close_pipe(struct pipe *pipe) {
  struct pipe closed = *pipe;
  if (pipe->partial_bytes && !put_line(pipe, NULL, 0)) out_count_lost(pipe->partial, pipe->partial_bytes, 1);
  out_count_lost(NULL, bytes_in_pipe(pipe), 0);
  grown_total -= pipe->grown_bytes;
  partial_total -= pipe->partial_room;
  closing_count -= pipe->closing;
  free(pipe->partial);
  epoll_ctl(pipes_fd, EPOLL_CTL_DEL, pipe->fd, NULL);
  close(pipe->fd);
  struct pipe **link = &pipes;
  while (*link != pipe) link = &(*link)->next;
  *link = pipe->next;
  if (chunk_of == pipe) chunk_of = NULL;
  free(pipe);
  event_output_closed(closed.daemon, closed.run);
}

enum served { SERVED_SOME, SERVED_EMPTY, SERVED_CLOSED, SERVED_FULL };

static enum served serve_pipe(struct pipe *pipe) {
  if (!format_chunk()) return SERVED_FULL;
  ssize_t n = read(pipe->fd, chunk, CHUNK_BYTES);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return SERVED_EMPTY;
  if (n <= 0) {
    close_pipe(pipe);
    return SERVED_CLOSED;
  }
  if (n >= PIPE_BYTES) grow(pipe);
  chunk_of = pipe;
  chunk_at = 0;
  chunk_end = (size_t)n;
  return format_chunk() ? SERVED_SOME : SERVED_FULL;
}

/* Reads what is in the pipe now, and no more than a full one holds: somebody may go on writing. */
static enum served empty_pipe(struct pipe *pipe) {
  enum served served = SERVED_SOME;
  for (int chunks = PIPE_GROWN_BYTES / CHUNK_BYTES; chunks > 0 && served == SERVED_SOME; chunks--) served = serve_pipe(pipe);
  return served;
}

static void serve_closing(void) {
  struct pipe *next;
  for (struct pipe *pipe = pipes; pipe && closing_count > 0; pipe = next) {
    next = pipe->next;
    if (!pipe->closing) continue;
    enum served served = empty_pipe(pipe);
    if (served == SERVED_FULL) break;
    if (served != SERVED_CLOSED) close_pipe(pipe);
  }
  /* With stdout full for long, pipes of runs that are over must not add up. The oldest are last. */
  for (struct pipe *pipe = pipes; pipe && closing_count > CLOSING_MAX; pipe = next) {
    next = pipe->next;
    if (pipe->closing && pipe != chunk_of) close_pipe(pipe);
  }
}

static bool chunk_waits(void) { return chunk_of && chunk_at < chunk_end; }

/* After a stall the rest of a chunk waits for us, and no pipe may be readable to remind us of it. */
bool pump_wants_turn(void) {
  return closing_count > CLOSING_MAX || (!out_stalled() && (closing_count > 0 || chunk_waits()));
}

void pump_turn(void) {
  struct epoll_event ready[BATCH_MAX];
  int count = out_stalled() || !format_chunk() ? 0 : epoll_wait(pipes_fd, ready, BATCH_MAX, 0);
  for (int i = 0; i < count; i++)
    if (serve_pipe(ready[i].data.ptr) == SERVED_FULL) break;
  if (closing_count > 0) serve_closing();
}

static struct pipe *find(const char *daemon, int run) {
  struct pipe *pipe = pipes;
  while (pipe && (pipe->run != run || strcmp(pipe->daemon, daemon) != 0)) pipe = pipe->next;
  return pipe;
}

bool pump_has(const char *daemon, int run) { return find(daemon, run) != NULL; }

/* Before a death is told: the last lines come first. In a stall, too, as far as the buffer takes them. */
void pump_drain(const char *daemon, int run) {
  struct pipe *pipe = find(daemon, run);
  if (pipe) empty_pipe(pipe);
}

static void mark_closing(struct pipe *pipe) {
  closing_count += !pipe->closing;
  pipe->closing = true;
}

void pump_close(const char *daemon, int run) {
  struct pipe *pipe = find(daemon, run);
  if (pipe) mark_closing(pipe);
}

void pump_close_all(void) {
  for (struct pipe *pipe = pipes; pipe; pipe = pipe->next) mark_closing(pipe);
}

bool pump_idle(void) { return !pipes && !chunk_waits(); }

void pump_count_rest(void) {
  if (chunk_waits()) out_count_lost(chunk + chunk_at, chunk_end - chunk_at, 0);
  for (struct pipe *pipe = pipes; pipe; pipe = pipe->next) out_count_lost(NULL, bytes_in_pipe(pipe) + pipe->partial_bytes, 0);
}
