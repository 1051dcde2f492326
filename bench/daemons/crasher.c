/* Reports that it is up and exits with 1. */
#include "daemon.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  report(argv[1]);
  return 1;
}
