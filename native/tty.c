/* Job control of the one-command mode. SIGTTOU is blocked in this process, so that it may hand the terminal
 * over from the background without being stopped. */
#define _GNU_SOURCE
#include "host.h"

#include <signal.h>
#include <unistd.h>

/* In the background the terminal is somebody else's, and stays so. */
bool tty_is_ours(void) { return tcgetpgrp(0) == getpgrp(); }

void tty_foreground(struct run *run) {
  if (tty_is_ours()) tcsetpgrp(0, run->pid);
}

/* SIGSTOP cannot be blocked; this returns when we were continued. */
void tty_stop_self(void) { raise(SIGSTOP); }
