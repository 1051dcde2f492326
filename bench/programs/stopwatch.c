/* Starts a supervisor, acts on it, and measures the time until the effect. It is in C, so that no
 * interpreter adds to the times, and a subreaper, so that "end" means that no process is left.
 *
 *   usage: stopwatch FOLDER TABLE COMMAND [ARG ...]
 *
 * It makes the two FIFOs of daemons/daemon.h in FOLDER. TABLE describes the expected lines of
 * daemons (check.h). With "-" they go to /dev/null, with "+" to the file "stdout" in FOLDER.
 * Commands on stdin are words separated by tabs: a condition, then an action. Each is answered with
 * a line of JSON:
 *
 *   reports COUNT | lines COUNT | end        wait for COUNT reports, COUNT lines, or the end of all
 *                                            processes
 *     (nothing)                              no action
 *     start                                  start the supervisor
 *     signal PID NUMBER                      send a signal
 *     run COMMAND [ARG ...]                  run the supervisor's own tool
 *     go COUNT                               write COUNT bytes to `go`
 *   ping COUNT                               measure the latency of COUNT lines of a stamper
 *
 * At the end of stdin it kills all descendants and exits. */
#define _GNU_SOURCE
#include "stopwatch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MAX = 64, PATIENCE_MS = 60000 };

static char **command; /* of the supervisor */
static bool has_output;
static int null_fd, unread_fd;

void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Executes `words` with `out` as its stdout. */
static pid_t spawn(char **words, int out) {
  pid_t pid = vfork();
  if (pid < 0) fail("stopwatch: cannot fork");
  if (pid > 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dup2(out, 1);
  execvp(words[0], words);
  perror(words[0]);
  _exit(127);
}

static int open_file(const char *folder) {
  char path[512];
  int length = snprintf(path, sizeof path, "%s/stdout", folder);
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  int fd = length < (int)sizeof path ? open(path, flags, 0600) : -1;
  if (fd < 0) fail("stopwatch: cannot open a file for stdout");
  return fd;
}

static void start(void) {
  int out = has_output ? watch_output() : unread_fd;
  supervisor.pid = spawn(command, out);
  if (has_output) close(out);
}

static void act(char **words) {
  if (!words[0]) return;
  if (strcmp(words[0], "start") == 0)
    start();
  else if (strcmp(words[0], "signal") == 0)
    kill(atoi(words[1]), atoi(words[2]));
  else if (strcmp(words[0], "run") == 0)
    spawn(words + 1, null_fd);
  else if (strcmp(words[0], "go") == 0)
    send_go(atoi(words[1]));
}

static void answer(long long ns) {
  printf("{\"ns\":%lld,\"isLate\":%s,\"pid\":%d,\"status\":%d,", ns, ns < 0 ? "true" : "false",
         supervisor.pid, supervisor.status);
  printf("\"lines\":%ld,\"bytes\":%ld,\"fault\":\"%s\",", checked.lines, checked.bytes,
         checked.fault);
  printf("\"reports\":[");
  const char *at = seen.reports;
  for (int i = 0; i < seen.report_count; i++) {
    char name[64];
    int pid, length = 0;
    if (sscanf(at, "%63s %d\n%n", name, &pid, &length) != 2) break;
    printf("%s[\"%s\",%d]", i ? "," : "", name, pid);
    at += length;
  }
  printf("]}\n");
  fflush(stdout);
}

/* words: the condition with its count, then the action. */
static void measure(char **words, int count) {
  struct awaited awaited = {0};
  char **action = words + 2;
  if (strcmp(words[0], "end") == 0) {
    awaited.is_end = true;
    action = words + 1;
  } else if (count < 2) {
    fail("stopwatch: cannot understand an order");
  } else if (strcmp(words[0], "reports") == 0) {
    awaited.reports = atoi(words[1]);
  } else {
    awaited.lines = atol(words[1]);
  }
  forget_reports();
  long long since_ns = now_ns();
  act(action);
  bool is_there = wait_for(&awaited, PATIENCE_MS);
  answer(is_there ? now_ns() - since_ns : -1);
}

static void ping(int count) {
  printf("{\"latenciesNs\":[");
  for (int i = 0; i < count; i++) {
    send_go(1);
    printf("%s%lld", i ? "," : "", next_latency_ns(PATIENCE_MS));
  }
  printf("],\"fault\":\"%s\"}\n", checked.fault);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: stopwatch FOLDER TABLE COMMAND [ARG ...]\n");
    return 2;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  watch_world(argv[1]);
  unread_fd = strcmp(argv[2], "+") == 0 ? open_file(argv[1]) : null_fd;
  has_output = unread_fd == null_fd && strcmp(argv[2], "-") != 0;
  if (has_output) check_with(argv[2]);
  command = argv + 3;

  char line[8192];
  while (fgets(line, sizeof line, stdin)) {
    char *words[WORDS_MAX + 1] = {0}, *rest = line;
    int count = 0;
    line[strcspn(line, "\n")] = '\0';
    while (count < WORDS_MAX && rest) words[count++] = strsep(&rest, "\t");
    if (strcmp(words[0], "ping") == 0 && count == 2)
      ping(atoi(words[1]));
    else
      measure(words, count);
  }
  kill_everything();
  return 0;
}
