/* Reports that it is up and sleeps. A signal ends it at once. */
#include "daemon.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  report(argv[1]);
  sleep_forever();
}
