/* Reports that it is up, then that it is ready by a newline on descriptor 3 (which is closed if its
 * supervisor does not use it), and sleeps. */
#include "daemon.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  report(argv[1]);
  if (write(3, "\n", 1) == 1) close(3);
  sleep_forever();
}
