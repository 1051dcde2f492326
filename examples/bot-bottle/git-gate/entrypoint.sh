#!/bin/sh
# Git over HTTP: nginx decides what may be asked, fcgiwrap starts git's own git-http-backend.
set -eu
mkdir -p /run/git-gate
socket=/run/git-gate/fcgiwrap.sock
rm -f "$socket"

fcgiwrap -c 2 -p /usr/lib/git-core/git-http-backend -s "unix:$socket" &
until [ -S "$socket" ]; do
  kill -0 $! || exit 1
  sleep 0.01
done

# The shell becomes nginx. When nginx ends, pitcrew ends fcgiwrap.
exec nginx -c /app/nginx.conf
