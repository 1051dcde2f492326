/* The end has two parts. Output gets most of the time; then files are written, and clients get the
 * rest of their answers. */
#define _GNU_SOURCE
#include "loop/finish.h"
#include "base/clock.h"
#include "control/client_turn.h"
#include "control/listen.h"
#include "engine/events.h"
#include "helper/helper.h"
#include "loop/loop.h"
#include "output/logs.h"
#include "output/out.h"
#include "output/pump.h"
#include "process/tty.h"
#include "tree/children.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FILES_SHARE = 8 }; /* one part in eight of the time is for files */
static bool flushed;
static int finish_code;
static double finish_began_ms, flush_deadline_ms, finish_deadline_ms, silent_ms_max;

void finish_begin(int code, double flush_ms, double silent_ms) {
  /* The policy may call this again after a failure, which may have been in the event `flushed`. */
  flushed = false;
  if (loop_is_finishing()) return;
  loop_set_finishing();
  finish_code = code;
  finish_began_ms = now_ms();
  finish_deadline_ms = finish_began_ms + flush_ms;
  flush_deadline_ms = finish_deadline_ms - flush_ms / FILES_SHARE;
  silent_ms_max = silent_ms;
  tty_take_back();
  pump_close_all();
}

/* When output is given up. Each byte that is taken moves this time. */
static double give_up_ms(void) {
  if (!out_stalled()) return flush_deadline_ms;
  double silent_since_ms = fmax(finish_began_ms, now_ms() - out_silent_ms());
  return fmin(flush_deadline_ms, silent_since_ms + silent_ms_max);
}

double finish_wake_ms(void) {
  if (!loop_is_finishing()) return INFINITY;
  return flushed ? finish_deadline_ms : give_up_ms();
}

static void report_loss(void) {
  uint64_t bytes, lines;
  out_lost(&bytes, &lines);
  if (bytes == 0) return;
  char text[160];
  int n = snprintf(text, sizeof text,
                   "pitcrew: %llu bytes of output (%llu lines) could not be printed\n",
                   (unsigned long long)bytes, (unsigned long long)lines);
  /* stderr may be the pipe that is full: write only if it takes the line at once. */
  struct epoll_event event = {.events = EPOLLOUT};
  int probe = epoll_create1(EPOLL_CLOEXEC);
  bool takes = epoll_ctl(probe, EPOLL_CTL_ADD, 2, &event) != 0
                   ? errno == EPERM
                   : epoll_wait(probe, &event, 1, 0) > 0;
  if (takes && write(2, text, (size_t)n) < 0) { /* Nowhere left to report it. */
  }
}

/* The engine is never freed: it asserts that nothing leaks, which is false after an out-of-memory.
 */
void finish_if_done(void) {
  if (!loop_is_finishing()) return;
  bool has_no_children = children_kill_all();
  if (!flushed) {
    bool is_out = pump_idle() && out_flush() && has_no_children;
    if (!is_out && now_ms() < give_up_ms()) return;
    flushed = true;
    pump_give_up();
    out_give_up();
    event_flushed();
    listen_close();
    helpers_turn();
  }
  bool late = now_ms() >= finish_deadline_ms;
  if (!late && (helpers_write() || !has_no_children)) return;
  logs_finish();
  if (!late && !clients_finished()) return;
  report_loss();
  _exit(finish_code);
}
