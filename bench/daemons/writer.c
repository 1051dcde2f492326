/* After a byte on `go`, writes BENCH_LINES lines of BENCH_BYTES each (see text.h) as fast as it
 * can, in writes of 32 KiB. Then sleeps, so that the use of its supervisor can be measured. */
#include "daemon.h"
#include "text.h"

enum { PIECE_BYTES = 32 * 1024, LINE_BYTES_MAX = 4096 };

static char piece[PIECE_BYTES + LINE_BYTES_MAX];

static void write_all(const char *from, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = write(1, from, bytes);
    if (written < 0) _exit(111);
    from += written;
    bytes -= (size_t)written;
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  size_t line_bytes = (size_t)number("BENCH_BYTES"), filled = 0;
  long lines = number("BENCH_LINES");
  if (line_bytes > LINE_BYTES_MAX || line_bytes < strlen(argv[1]) + NUMBER_BYTES + 2) return 2;
  make_text();
  int go = open_fifo("go", O_RDWR);
  report(argv[1]);
  char byte;
  if (read(go, &byte, 1) != 1) return 111;
  for (long n = 0; n < lines; n++) {
    write_line(piece + filled, line_bytes, argv[1], n);
    filled += line_bytes;
    if (filled < PIECE_BYTES) continue;
    write_all(piece, PIECE_BYTES);
    filled -= PIECE_BYTES;
    memcpy(piece, piece + PIECE_BYTES, filled);
  }
  write_all(piece, filled);
  sleep_forever();
}
