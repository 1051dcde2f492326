/* Reports that it is up, and ignores TERM and INT. */
#include "daemon.h"

#include <signal.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  report(argv[1]);
  sleep_forever();
}
