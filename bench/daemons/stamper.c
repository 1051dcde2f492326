/* Answers each byte on `go` with a line that contains the time of its write, in ns of the monotonic
 * clock. */
#include "daemon.h"

#include <time.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int go = open_fifo("go", O_RDWR);
  report(argv[1]);
  char byte;
  while (read(go, &byte, 1) == 1) {
    char line[128];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int length = snprintf(line, sizeof line, "%s %lld\n", argv[1],
                          (long long)now.tv_sec * 1000000000 + now.tv_nsec);
    if (length < 0 || write(1, line, (size_t)length) != length) return 111;
  }
  return 111;
}
