/* Makes BENCH_LINES orphans, one after the other, then reports that it is up and sleeps. Each
 * orphan exits at once, so that a supervisor that does not reap has as many zombies. */
#include "daemon.h"

#include <sys/wait.h>

static void make_orphan(void) {
  pid_t child = fork();
  if (child < 0) _exit(111);
  if (child > 0) {
    waitpid(child, NULL, 0);
    return;
  }
  pid_t orphan = fork();
  _exit(orphan < 0 ? 111 : 0);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  for (long left = number("BENCH_LINES"); left > 0; left--) make_orphan();
  report(argv[1]);
  sleep_forever();
}
