/* Says that it is up, and does not end when it is asked to. */
#include "daemon.h"

#include <signal.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  report(argv[1]);
  wait_for_ever();
}
