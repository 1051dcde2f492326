/* A timer that runs during every shutdown and that no policy, engine or full pipe can delay. TERM,
 * INT and a hangup start it directly (signals.c); the policy reports any other shutdown. Its
 * handler is the only signal handler of the program, and only kills and exits. It uses the last
 * real-time signal, since ALRM may be sent or mapped.
 *
 * The timer fires in slices. Time in which this process was paused does not count. */
#define _GNU_SOURCE
#include "loop/shutdown_watchdog.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "process/signal_state.h"
#include "tree/children.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  EXIT_CODE = 70,
  DEFAULT_MS = 10000,
  SLICE_MS = 200,
  PAUSE_MS = 1000, /* the policy's, too: src/init/loop/loop.ts */
};

static double limit_ms = DEFAULT_MS, left_ms, slice_began_ms;
static bool runs;
static timer_t timer;

/* After a pause (SIGSTOP, docker pause, a suspended machine) nothing could have been done in time.
 * The policy extends its own deadlines by the pause and a second. */
static bool is_over(void) {
  double now = now_ms(), took = now - slice_began_ms;
  slice_began_ms = now;
  left_ms -= took < PAUSE_MS ? took : -PAUSE_MS;
  return left_ms <= 0;
}

/* May interrupt any code: allocates nothing and reads no table. */
static void end_everything(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  int error = errno;
  bool is_ours = info->si_code == SI_TIMER; /* Else another process has sent it. */
  if (!is_ours || !is_over()) {
    errno = error;
    return;
  }
  if (getpid() == 1)
    kill(-1, SIGKILL);
  else
    children_kill_in_handler();
  const char text[] = "pitcrew: the shutdown did not end in time: everything was killed\n";
  /* A full pipe must not block this. */
  struct pollfd takes = {.fd = 2, .events = POLLOUT};
  if (poll(&takes, 1, 0) > 0 && write(2, text, sizeof text - 1) < 0) { /* Nowhere to report it. */
  }
  _exit(EXIT_CODE);
}

void shutdown_watchdog_init(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = end_everything;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(WATCHDOG_SIGNAL, &action, NULL);
  struct sigevent by_signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = WATCHDOG_SIGNAL};
  if (timer_create(CLOCK_MONOTONIC, &by_signal, &timer) != 0) abort();
}

/* The signal is blocked meanwhile, so that the handler sees consistent values. */
static void arm(void) {
  if (isinf(limit_ms)) return;
  sigset_t of_timer;
  sigemptyset(&of_timer);
  sigaddset(&of_timer, WATCHDOG_SIGNAL);
  sigprocmask(SIG_BLOCK, &of_timer, NULL);
  left_ms = limit_ms;
  slice_began_ms = now_ms();
  struct timespec slice = {.tv_nsec = SLICE_MS * 1000000};
  timer_settime(timer, 0, &(struct itimerspec){slice, slice}, NULL);
  sigprocmask(SIG_UNBLOCK, &of_timer, NULL);
}

void shutdown_watchdog_set(double ms) {
  limit_ms = ms < 1 ? 1 : ms;
  if (runs) arm();
}

void shutdown_watchdog_start(void) {
  if (runs) return;
  runs = true;
  arm();
  engine_end_is_near();
}

bool shutdown_watchdog_is_running(void) { return runs; }
