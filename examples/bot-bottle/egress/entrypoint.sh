#!/bin/sh
# The way out. squid stands in for bot-bottle's egress, which adds a token to each request. squid
# cannot do that inside TLS, so this script only prints the names of the tokens.
set -eu

set -- $(env | sed -n 's/^\(EGRESS_TOKEN_[A-Z0-9_]*\)=.*/\1/p')
echo "tokens: ${*:-none}"

# exec, so that squid is the main process and gets HUP.
exec squid -N -d 1 -f /etc/sidecars/squid.conf
