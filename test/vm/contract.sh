#!/bin/sh
# Checks the contract on a whole machine: Linux 6.1 with systemd, cgroup v2, AppArmor, Docker and podman.
# scripts/vm.mjs runs it as root in its VM, in the folder of its files. Prints a line for each check; the
# exit status is the number of failed checks.
cd "$(dirname "$0")" || exit 100
cp pitcrew /usr/local/bin/pitcrew
export PITCREW_RUN_DIR=/run/crew
broken=0

check() { # TITLE COMMAND...: the command succeeds
  title=$1
  shift
  if "$@" > last 2>&1; then echo "ok     $title"; else
    echo "BROKEN $title"
    sed 's/^/       | /' last | tail -20
    broken=$((broken + 1))
  fi
}

until_true() { # SECONDS COMMAND...
  left=$(($1 * 5))
  shift
  until "$@"; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.2
  done
}

has() { grep -q -- "$2" "$1"; }
contains() { case $1 in *"$2"*) ;; *) echo "no '$2' in: $1"; return 1 ;; esac; }

# ---- an image of two files

mkdir -p image/bin image/tmp image/run image/etc
cp pitcrew image/pitcrew
cp /bin/busybox image/bin/busybox
for name in sh sleep echo yes kill touch; do ln -sf busybox image/bin/$name; done
cat > image/etc/bundle.yaml <<'Y'
name: crew
signals: { USR1: { restart: [web] } }
daemons:
  web: { command: [sh, -c, 'echo web is up; exec sleep 1000'], ready: { log: is up } }
  db: { command: [sh, -c, 'trap "exit 0" TERM; echo db is up; while :; do sleep 0.1; done'] }
Y
cat > image/etc/fails.yaml <<'Y'
name: crew
daemons: { job: { command: [sh, -c, 'exit 7'], main: true } }
Y

engine() { # docker or podman: the contract in a container
  engine=$1
  $engine rm -f one > none 2>&1
  check "$engine: an image of two files" sh -c "tar -c -C image . | $engine import - crew"
  check "$engine: it starts" $engine run -d --name one --network none crew /pitcrew run /etc/bundle.yaml
  logs() { $engine logs one > log 2>&1; has log "$1"; }
  check "$engine: pitcrew is PID 1 and its daemons are ready" until_true 60 logs 'web: ready after'
  check "$engine: exec needs no option" $engine exec one /pitcrew status
  check "$engine: MEM of a small daemon is more than a page" sh -c \
    "$engine exec one /pitcrew status --json > json; ! grep -q '\"memoryKib\":[0-9]\\{1,2\\}[,}]' json"
  check "$engine: a mapped signal restarts one daemon" $engine kill --signal USR1 one
  check "$engine: … and the restart is logged" until_true 60 logs 'web: restart (USR1): done'
  check "$engine: a stop is in time" $engine stop --time 20 one
  check "$engine: … with code 0" sh -c "[ \"\$($engine inspect --format '{{.State.ExitCode}}' one)\" = 0 ]"
  check "$engine: … and not by KILL" logs 'db: stopped: exit code 0'
  $engine rm -f one > none 2>&1
  check "$engine: the code of the main daemon is the container's" sh -c \
    "$engine run --rm --network none crew /pitcrew run /etc/fails.yaml; [ \$? = 7 ]"
}

check "the kernel has cgroup v2" sh -c '[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]'
check "docker runs" until_true 60 docker info
engine docker
engine podman

# ---- as a service of systemd

cat > service.yaml <<'Y'
name: service
daemons:
  web: { command: [sh, -c, 'echo up; exec sleep 1000'], ready: { log: up } }
  hog: { command: [sh, -c, 'until [ -e /run/use-memory ]; do sleep 0.2; done; rm /run/use-memory; tail -n 1 /dev/zero; exec tail -n 1 /dev/zero'] }
Y
cat > /etc/systemd/system/crew.service <<U
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/local/bin/pitcrew run $PWD/service.yaml
Environment=PITCREW_RUN_DIR=/run/crew PITCREW_STATE_DIR=/run/crew
RuntimeDirectory=crew
RuntimeDirectoryPreserve=yes
KillMode=mixed
OOMPolicy=continue
MemoryMax=64M
MemorySwapMax=0
WatchdogSec=4s
TimeoutStopSec=15s
U
systemctl daemon-reload
shows() { systemctl show -P "$1" crew > shown; has shown "$2"; }
check "systemd: the unit is well-formed" systemd-analyze verify /etc/systemd/system/crew.service
check "systemd: it is started when READY=1 has come" timeout 90 systemctl start crew
check "systemd: STATUS= is a summary" until_true 20 shows StatusText '^2 of 2 daemons ready$'
pid=$(systemctl show -P MainPID crew)
sleep 10
check "systemd: pings keep WatchdogSec from firing" sh -c "[ \"\$(systemctl show -P MainPID crew)\" = $pid ]"
touch /run/use-memory
check "systemd: only a daemon that uses up all memory is restarted" until_true 60 \
  sh -c 'pitcrew explain hog; pitcrew events > events; grep -q "hog *died.*out of memory" events'
check "systemd: … and the earlier kill of its child is reported" until_true 20 \
  sh -c 'pitcrew events > events; grep -q "killed a process for memory.*no daemon" events'
check "systemd: … and the service runs on" sh -c \
  "[ \"\$(systemctl show -P MainPID crew)\" = $pid ] && systemctl is-active crew"
check "systemd: a stop is orderly" timeout 30 systemctl stop crew
check "systemd: … and a success" shows Result '^success$'
check "systemd: … without a KILL" sh -c \
  'journalctl -u crew -o cat > log; ! grep -q "status=9/KILL" log && grep -q "web: stopped" log'

# ---- podman: conmon forwards READY=1; STOPPING=1 and STATUS= only since 2024

cat > /etc/systemd/system/pod.service <<'U'
[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/bin/podman run --rm --name pod --network none --sdnotify=container --cgroups=no-conmon crew /pitcrew run /etc/bundle.yaml
ExecStop=/usr/bin/podman stop --time 20 pod
TimeoutStopSec=60s
U
systemctl daemon-reload
check "podman --sdnotify=container: it is started when READY=1 has come" timeout 120 systemctl start pod
check "podman --sdnotify=container: a stop" timeout 90 systemctl stop pod
systemctl show pod -p StatusText -p Result -p ExecMainStatus > pod.shown
sed 's/^/       /' pod.shown

# ---- rootless

as_user() { runuser -u user -- env XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/user sh -c "cd /tmp; $1"; }
tar -c -C image . > /tmp/image.tar
chmod 644 /tmp/image.tar
check "rootless podman: it starts" as_user 'podman import /tmp/image.tar crew && podman run -d --name r --network none crew /pitcrew run /etc/bundle.yaml'
check "rootless podman: exec waits until web is ready" until_true 60 as_user 'podman exec r /pitcrew wait web --for ready'
check "rootless podman: a stop with code 0" as_user 'podman stop --time 20 r && [ "$(podman inspect --format "{{.State.ExitCode}}" r)" = 0 ]'

# ---- stdout on a kernel without RWF_NOWAIT for pipes

cat > stall.yaml <<'Y'
name: stall
daemons:
  flood: { command: [yes] }
  web: { command: [sh, -c, 'sleep 3; echo is up; exec sleep 1000'], ready: { log: is up } }
Y
(pitcrew run stall.yaml 2> lost | (sleep 20; cat > none)) &
check "a stalled stdout: a daemon becomes ready by its line" until_true 15 \
  sh -c 'pitcrew wait web --for ready --timeout 1s'
check "a stalled stdout: status reports it" until_true 15 sh -c 'pitcrew status | grep "stdout stalled for"'
check "a stalled stdout: a shutdown is in time" timeout 10 pitcrew shutdown
wait

echo "kernel $(uname -r), $(systemctl --version | head -1), $(docker --version), $(podman --version)"
echo "$broken broken"
exit "$broken"
