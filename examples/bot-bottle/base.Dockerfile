# The programs, from Debian. Everything that needs a network is here.
FROM debian:12-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    curl fcgiwrap git nginx-light nodejs squid tinyproxy \
  && rm -rf /var/lib/apt/lists/*
