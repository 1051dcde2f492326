#!/bin/sh
# The way out. squid stands in for bot-bottle's egress, which puts a token into each request for
# its host. squid cannot do that inside TLS, so the tokens that came are only named here.
set -eu

set -- $(env | sed -n 's/^\(EGRESS_TOKEN_[A-Z0-9_]*\)=.*/\1/p')
echo "tokens: ${*:-none}"

# The shell becomes squid, so that HUP comes to squid.
exec squid -N -d 1 -f /etc/sidecars/squid.conf
