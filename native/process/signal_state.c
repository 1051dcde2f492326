#define _GNU_SOURCE
#include "process/signal_state.h"
#include "process/raw.h"

#include <stdint.h>
#include <string.h>

static sigset_t inherited_mask, blocked;
static bool ignored_at_start[SIGNALS_MAX], keeps_ignored;

void signals_block(void) {
  sigfillset(&blocked);
  /* A crash must end this process, and so must the watchdog. */
  const int never[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, WATCHDOG_SIGNAL};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) sigdelset(&blocked, never[i]);
  sigprocmask(SIG_SETMASK, &blocked, &inherited_mask);
}

void signals_unblock(void) { sigprocmask(SIG_SETMASK, &inherited_mask, NULL); }

const sigset_t *signals_blocked(void) { return &blocked; }

void signals_take_over(bool for_one_command) {
  keeps_ignored = for_one_command;
  struct sigaction action;
  for (int s = 1; s < SIGNALS_MAX; s++)
    ignored_at_start[s] = sigaction(s, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  /* The kernel discards an ignored signal even if it is blocked. */
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int s = 1; s < SIGNALS_MAX; s++)
    if (ignored_at_start[s]) sigaction(s, &action, NULL);
}

void signals_clear_ignored(bool *pending) {
  for (int s = 1; keeps_ignored && s < SIGNALS_MAX; s++)
    if (ignored_at_start[s] && s != SIGCONT) pending[s] = false;
}

void signals_reset_in_child(void) {
  const uint64_t none = 0, default_action[4] = {0}, ignore[4] = {(uint64_t)(uintptr_t)SIG_IGN};
  RAW(SYS_rt_sigaction, WATCHDOG_SIGNAL, default_action, NULL, sizeof none);
  for (int s = 1; keeps_ignored && s < SIGNALS_MAX; s++)
    if (ignored_at_start[s]) RAW(SYS_rt_sigaction, s, ignore, NULL, sizeof none);
  RAW(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}
