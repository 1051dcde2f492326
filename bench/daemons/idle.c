/* Says that it is up and waits. A signal ends it at once. */
#include "daemon.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  report(argv[1]);
  wait_for_ever();
}
