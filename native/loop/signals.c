/* Signals are blocked in the first instruction and read from a signalfd: none is lost, none
 * interrupts. signalfd returns the lowest number first, so everything pending is read before TERM
 * and INT are served first. */
#define _GNU_SOURCE
#include "loop/signals.h"
#include "engine/events.h"
#include "loop/loop.h"
#include "loop/shutdown_watchdog.h"
#include "process/signal_state.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct watch watch = {WATCH_SIGNALS};
static int signal_fd = -1;
static bool shutdown_requested;

void signals_init(bool for_one_command) {
  signals_take_over(for_one_command);
  shutdown_watchdog_init();
  signal_fd = signalfd(-1, signals_blocked(), SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd < 0 || !loop_watch(signal_fd, EPOLLIN, &watch)) abort();
}

bool signals_shutdown_requested(void) { return shutdown_requested; }

static void request_shutdown(void) {
  shutdown_requested = true;
  shutdown_watchdog_start();
}

void signals_read(void) {
  struct signalfd_siginfo infos[16];
  bool pending[SIGNALS_MAX] = {false};
  bool hangup = false;
  ssize_t n;
  while ((n = read(signal_fd, infos, sizeof infos)) > 0) {
    for (size_t i = 0; i < (size_t)n / sizeof *infos; i++) {
      uint32_t number = infos[i].ssi_signo;
      if (number < SIGNALS_MAX) pending[number] = true;
      /* The kernel itself sends HUP when a terminal goes away. */
      if (number == SIGHUP && infos[i].ssi_code == SI_KERNEL) hangup = true;
    }
  }
  if (pending[SIGCHLD]) loop_reap_soon();
  pending[SIGCHLD] = false;
  signals_clear_ignored(pending);
  hangup = hangup && pending[SIGHUP] && getpid() != 1;
  if (pending[SIGTERM] || pending[SIGINT] || hangup) request_shutdown();
  const int first[] = {SIGTERM, SIGINT};
  for (int i = 0; i < 2; i++) {
    if (pending[first[i]]) event_signal(first[i], false);
    pending[first[i]] = false;
  }
  for (int s = 1; s < SIGNALS_MAX; s++)
    if (pending[s]) event_signal(s, s == SIGHUP && hangup);
}
