/* Signals are blocked in the first instruction and read from a signalfd: none is lost, none
 * interrupts. signalfd gives the lowest number first, so everything pending is read before TERM and
 * INT are served first.
 *
 * The last word: from the beginning of a shutdown on, a timer that no policy, no engine and no full
 * pipe can hold up. TERM, INT and a hangup start it by themselves; of any other shutdown the policy
 * tells. It is the one signal handler of the program and does nothing but kill and exit. Its signal
 * is the last of the real-time ones: ALRM may be sent or mapped. */
#define _GNU_SOURCE
#include "host.h"
#include "raw.h"
#include "tree.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
  LAST_WORD_EXIT = 70,
  LAST_WORD_DEFAULT_MS = 10000,
  LAST_WORD_SIGNAL = 64,
  SLICE_MS = 200,
  PAUSE_MS = 1000, /* the policy's, too: src/init/loop/loop.ts */
  SIGNALS_MAX = 65,
};

static sigset_t inherited_mask, blocked;
static bool ignored_at_start[SIGNALS_MAX], keeps_ignored;
static struct watch watch = {WATCH_SIGNALS};
static int signal_fd = -1;
static bool shutdown_asked;
static double last_word_ms = LAST_WORD_DEFAULT_MS, last_word_left_ms, slice_began_ms;
static bool runs;
static timer_t last_word_timer;

void signals_block(void) {
  sigfillset(&blocked);
  /* A fault of our own must end us, and the last word must be heard. */
  const int never[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, LAST_WORD_SIGNAL};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) sigdelset(&blocked, never[i]);
  sigprocmask(SIG_SETMASK, &blocked, &inherited_mask);
}

void signals_unblock(void) { sigprocmask(SIG_SETMASK, &inherited_mask, NULL); }

/* A slice at a time: after a pause (SIGSTOP, docker pause, a suspended machine) nothing could have
 * been done in time, and the policy puts its own deadlines off by the pause and a second. */
static bool is_over(void) {
  double now = now_ms(), took = now - slice_began_ms;
  slice_began_ms = now;
  last_word_left_ms -= took < PAUSE_MS ? took : -PAUSE_MS;
  return last_word_left_ms <= 0;
}

/* It may interrupt anything: it allocates nothing, and looks at no table. */
static void last_word(int signal, siginfo_t *info, void *context) {
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
    children_kill();
  const char text[] = "pitcrew: the shutdown did not end in time: everything was killed\n";
  /* A pipe that is full must not hold up this, too. */
  struct pollfd takes = {.fd = 2, .events = POLLOUT};
  if (poll(&takes, 1, 0) > 0 && write(2, text, sizeof text - 1) < 0) { /* Nowhere left to say it. */
  }
  _exit(LAST_WORD_EXIT);
}

void signals_init(bool for_one_command) {
  keeps_ignored = for_one_command;
  struct sigaction action;
  for (int s = 1; s < SIGNALS_MAX; s++)
    ignored_at_start[s] = sigaction(s, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  /* A blocked signal that is ignored is thrown away all the same. */
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int s = 1; s < SIGNALS_MAX; s++)
    if (ignored_at_start[s]) sigaction(s, &action, NULL);
  action.sa_sigaction = last_word;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(LAST_WORD_SIGNAL, &action, NULL);
  struct sigevent by_signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = LAST_WORD_SIGNAL};
  if (timer_create(CLOCK_MONOTONIC, &by_signal, &last_word_timer) != 0) abort();
  signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd < 0 || !loop_watch(signal_fd, EPOLLIN, &watch)) abort();
}

/* In the child, between clone and exec: nothing is handled or blocked, and nothing is ignored, but
 * for one command: after nohup, HUP stays ignored. */
void signals_reset_in_child(void) {
  const uint64_t none = 0, default_action[4] = {0}, ignore[4] = {(uint64_t)(uintptr_t)SIG_IGN};
  RAW(SYS_rt_sigaction, LAST_WORD_SIGNAL, default_action, NULL, sizeof none);
  for (int s = 1; keeps_ignored && s < SIGNALS_MAX; s++)
    if (ignored_at_start[s]) RAW(SYS_rt_sigaction, s, ignore, NULL, sizeof none);
  RAW(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

/* The signal is blocked meanwhile: the handler must not see half of it. */
static void arm_last_word(void) {
  if (isinf(last_word_ms)) return;
  sigset_t of_timer;
  sigemptyset(&of_timer);
  sigaddset(&of_timer, LAST_WORD_SIGNAL);
  sigprocmask(SIG_BLOCK, &of_timer, NULL);
  last_word_left_ms = last_word_ms;
  slice_began_ms = now_ms();
  struct timespec slice = {.tv_nsec = SLICE_MS * 1000000};
  timer_settime(last_word_timer, 0, &(struct itimerspec){slice, slice}, NULL);
  sigprocmask(SIG_UNBLOCK, &of_timer, NULL);
}

void last_word_after(double ms) {
  last_word_ms = ms < 1 ? 1 : ms;
  if (runs) arm_last_word();
}

void last_word_start(void) {
  if (runs) return;
  runs = true;
  arm_last_word();
}

bool last_word_runs(void) { return runs; }

bool signals_shutdown_asked(void) { return shutdown_asked; }

static void ask_shutdown(void) {
  shutdown_asked = true;
  last_word_start();
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
  for (int s = 1; keeps_ignored && s < SIGNALS_MAX; s++)
    if (ignored_at_start[s] && s != SIGCONT) pending[s] = false;
  hangup = hangup && pending[SIGHUP] && getpid() != 1;
  if (pending[SIGTERM] || pending[SIGINT] || hangup) ask_shutdown();
  const int first[] = {SIGTERM, SIGINT};
  for (int i = 0; i < 2; i++) {
    if (pending[first[i]]) event_signal(first[i], false);
    pending[first[i]] = false;
  }
  for (int s = 1; s < SIGNALS_MAX; s++)
    if (pending[s]) event_signal(s, s == SIGHUP && hangup);
}
