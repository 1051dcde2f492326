#!/bin/sh
# Git over HTTP: nginx filters requests, fcgiwrap starts git-http-backend.
set -eu
mkdir -p /run/git-gate
socket=/run/git-gate/fcgiwrap.sock
rm -f "$socket"

fcgiwrap -c 2 -p /usr/lib/git-core/git-http-backend -s "unix:$socket" &
until [ -S "$socket" ]; do
  kill -0 $! || exit 1
  sleep 0.01
done

# exec, so that nginx is the main process. When it ends, pitcrew ends fcgiwrap.
exec nginx -c /app/nginx.conf
