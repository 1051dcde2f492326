/* The first instruction, and the choice between the init (`run` and `--`) and a client verb.
 * Helpers are verbs, too. */
#define _GNU_SOURCE
#include "engine/bind.h"
#include "engine/engine.h"
#include "files/watch.h"
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

/* A closed descriptor would be reused for the next file that is opened. */
static void open_stdio(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) _exit(70);
}

int main(int argc, char **argv, char **envp) {
  /* First: PID 1 loses a signal without a handler, but a blocked one is queued. */
  signals_block();
  open_stdio();
  environment_init(argc, argv, envp);
  self_init();
  descriptors_init();
  if (!is_init(argc, argv)) {
    /* A client verb must end on Ctrl-C, `timeout` and a closed pipe like any other program,
     * whatever its parent ignores. */
    signals_unblock();
    signal(SIGPIPE, SIG_DFL);
    const char *verb = argc >= 2 ? argv[1] : "";
    if (strcmp(verb, "@watch") == 0) watch_main(argv + 2);
    if (strcmp(verb, "@plan") == 0) engine_run_verb("plan.js", &verb_host);
    if (strcmp(verb, "@files") == 0) engine_run_verb("files.js", &files_host);
    engine_run_verb("cli.js", &verb_host);
  }
  /* One command inherits our descriptors, as if we were not there. */
  bool is_bundle = strcmp(argv[1], "run") == 0;
  spawn_init();
  if (is_bundle) descriptors_close_on_exec();
  /* PID 1 gets all orphans; any other process must ask for them. */
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
