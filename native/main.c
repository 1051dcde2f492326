/* The program's first instruction, and the choice between the init, for `run` and `--`, and a
 * client verb; helpers are verbs, too. */
#define _GNU_SOURCE
#include "engine/bind.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/turn.h"
#include "output/out.h"
#include "output/pump.h"
#include "process/descriptors.h"
#include "process/environ.h"
#include "process/self.h"
#include "process/signal_state.h"
#include "process/spawn.h"
#include "tree/children.h"
#include "tree/tree.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* `run …`, `-- COMMAND` and `-g -- COMMAND`. */
static bool is_init(int argc, char **argv) {
  if (argc >= 2 && strcmp(argv[1], "run") == 0) return true;
  if (argc >= 3 && strcmp(argv[1], "--") == 0) return true;
  return argc >= 4 && strcmp(argv[1], "-g") == 0 && strcmp(argv[2], "--") == 0;
}

/* A descriptor that was closed would be given to the next file that is opened. */
static void open_stdio(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) _exit(70);
}

int main(int argc, char **argv, char **envp) {
  /* First of all: as PID 1, a signal without a handler is thrown away, but a blocked one is queued.
   */
  signals_block();
  open_stdio();
  environment_init(argc, argv, envp);
  self_init();
  descriptors_init();
  if (!is_init(argc, argv)) {
    /* A client verb must end on Ctrl-C and `timeout` like any other program, and when nobody reads
     * it any more, whatever its parent does about that. */
    signals_unblock();
    signal(SIGPIPE, SIG_DFL);
    bool is_parser = argc >= 2 && strcmp(argv[1], "@plan") == 0;
    engine_run_verb(is_parser ? IMAGE_BUNDLE : IMAGE_CLI, &verb_host);
  }
  /* One command gets what we got, as if we were not there. */
  bool is_bundle = strcmp(argv[1], "run") == 0;
  spawn_init();
  if (is_bundle) descriptors_keep();
  /* Orphans come to PID 1; elsewhere they come to us only when we say so. */
  if (getpid() != 1) prctl(PR_SET_CHILD_SUBREAPER, 1L);
  loop_init();
  signals_init(!is_bundle);
  tree_init();
  children_init(is_bundle);
  out_init();
  pump_init();
  engine_run_init(is_bundle ? IMAGE_INIT : IMAGE_ONE, &init_host);
  turns_run();
}
