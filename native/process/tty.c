/* Job control of the one-command mode. SIGTTOU is blocked in this process, so that it may hand the
 * terminal over from the background without being stopped. */
#define _GNU_SOURCE
#include "process/tty.h"
#include "tree/runs.h"

#include <signal.h>
#include <unistd.h>

/* Whichever of our stdio is the terminal that controls us: `ls | pitcrew -- less` has it at its end
 * only. */
static int tty_fd(void) {
  int fd = 0;
  while (fd < 2 && tcgetpgrp(fd) < 0) fd++;
  return fd;
}

/* In the background the terminal is somebody else's, and stays so. */
bool tty_is_ours(void) { return tcgetpgrp(tty_fd()) == getpgrp(); }

/* It may have been stopped for reading what was not its own yet. False: it is not ours to give. */
bool tty_foreground(struct run *run) {
  if (!tty_is_ours() || tcsetpgrp(tty_fd(), run->pid) != 0) return false;
  kill(-run->pid, SIGCONT);
  return true;
}

/* What started us may read the terminal next, and need not be a shell that fetches it back. */
void tty_take_back(void) {
  for (size_t i = 0; i < runs_count(); i++)
    if (runs_at(i)->inherit && tcgetpgrp(tty_fd()) == runs_at(i)->pid)
      tcsetpgrp(tty_fd(), getpgrp());
}

/* Does what the terminal would have done, were the command in our group: stops all of the job, a
 * pipeline, say, or the script that started us. Returns when we were continued, and at once where
 * nobody would do that: the kernel stops no orphaned group. */
void tty_stop_self(void) {
  if (tcgetpgrp(tty_fd()) < 0) return;
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  kill(0, SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &stop, &before);
  sigprocmask(SIG_SETMASK, &before, NULL);
}
