/* The epoll sets of daemons' pipes. One is taken out of the loop while stdout is full, which
 * silences all of it with one call. The other one stays: its pipes have a tap. Most bundles have
 * none, so it is made for the first. */
#define _GNU_SOURCE
#include "pipe.h"

#include <sys/epoll.h>

static struct watch watch = {WATCH_PIPES}, tapped_watch = {WATCH_TAPPED};
static int pipes_fd = -1, tapped_fd = -1;
static size_t muted_count;

void pipe_sets_init(void) {
  pipes_fd = epoll_create1(EPOLL_CLOEXEC);
  loop_watch_surely(pipes_fd, EPOLLIN, &watch);
}

int pipes_ready(bool tapped, struct epoll_event *events) {
  return epoll_wait(tapped ? tapped_fd : pipes_fd, events, BATCH_MAX, 0);
}

bool pipe_enter_set(struct pipe *pipe) {
  if (pipe->tap && tapped_fd < 0) {
    tapped_fd = epoll_create1(EPOLL_CLOEXEC);
    loop_watch_surely(tapped_fd, EPOLLIN, &tapped_watch);
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = pipe};
  pipe->tapped = pipe->tap != NULL;
  return epoll_ctl(pipe->tapped ? tapped_fd : pipes_fd, EPOLL_CTL_ADD, pipe->fd, &event) == 0;
}

void pipe_leave_set(struct pipe *pipe) {
  if (!pipe->muted) epoll_ctl(pipe->tapped ? tapped_fd : pipes_fd, EPOLL_CTL_DEL, pipe->fd, NULL);
  muted_count -= pipe->muted;
  pipe->muted = false;
}

void pipe_mute(struct pipe *pipe) {
  if (pipe->muted || !pipe->tapped) return;
  pipe_leave_set(pipe);
  pipe->muted = true;
  muted_count++;
}

void pipe_untap(struct pipe *pipe) {
  pipe_leave_set(pipe);
  glob_free(pipe->tap);
  pipe->tap = NULL;
  pipe_enter_set(pipe);
}

void pump_pause(bool paused) {
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
