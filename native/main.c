/* The program's first instruction, and the choice of the image: the init's for `run` and `--`, the
 * other one for every client verb and for helpers. */
#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The two bytecode images, put in by the linker (images.S is written by the build). */
extern const uint8_t image_init_start[], image_init_end[], image_cli_start[], image_cli_end[];

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
  /* A look at a file is a child of ours, since the file may be where the kernel waits for ever; it
   * needs nothing of the rest. */
  if (argc == 3 && strcmp(argv[1], "@exists") == 0) return access(argv[2], F_OK) == 0 ? 0 : 1;
  open_stdio();
  environment_init(envp);
  self_init();
  spawn_init();
  if (!is_init(argc, argv)) {
    /* A client verb must end on Ctrl-C and `timeout` like any other program. */
    signals_unblock();
    struct image cli = {image_cli_start, (size_t)(image_cli_end - image_cli_start), false};
    engine_run_image(cli, argc, argv);
    return 0;
  }
  /* One command gets what we got, as if we were not there. */
  if (strcmp(argv[1], "run") == 0) spawn_keep_descriptors();
  /* Orphans come to PID 1; elsewhere they come to us only when we say so. */
  if (getpid() != 1) prctl(PR_SET_CHILD_SUBREAPER, 1L);
  loop_init();
  signals_init();
  tree_init();
  out_init();
  pump_init();
  struct image init = {image_init_start, (size_t)(image_init_end - image_init_start), true};
  engine_run_image(init, argc, argv);
  loop_run();
}
