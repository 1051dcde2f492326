/* SIGTTOU is blocked in this process, so that it may hand over the terminal from the background
 * without being stopped. */
#define _GNU_SOURCE
#include "process/tty.h"
#include "tree/runs.h"

#include <signal.h>
#include <unistd.h>

/* The first descriptor of our stdio that is the controlling terminal: for `ls | pitcrew -- less`
 * that is not stdin. */
static int tty_fd(void) {
  int fd = 0;
  while (fd < 2 && tcgetpgrp(fd) < 0) fd++;
  return fd;
}

/* False in the background: then the terminal is not ours to hand over. */
bool tty_is_ours(void) { return tcgetpgrp(tty_fd()) == getpgrp(); }

/* Continues the run, which may have been stopped for reading too early. False: the terminal is not
 * ours. */
bool tty_foreground(struct run *run) {
  if (!tty_is_ours() || tcsetpgrp(tty_fd(), run->pid) != 0) return false;
  kill(-run->pid, SIGCONT);
  return true;
}

/* Our parent may read the terminal next, and may not be a shell that takes it back. */
void tty_take_back(void) {
  for (size_t i = 0; i < runs_count(); i++)
    if (runs_at(i)->inherits_stdio && tcgetpgrp(tty_fd()) == runs_at(i)->pid)
      tcsetpgrp(tty_fd(), getpgrp());
}

/* Stops the whole job (a pipeline, or the script that started us), as the terminal would if the
 * command were in our group. Returns when we are continued, and at once in an orphaned group, which
 * the kernel does not stop. */
void tty_stop_self(void) {
  if (tcgetpgrp(tty_fd()) < 0) return;
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  kill(0, SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &stop, &before);
  sigprocmask(SIG_SETMASK, &before, NULL);
}
