# The programs, from Debian. Only this build needs a network.
FROM debian:12-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    curl fcgiwrap git nginx-light nodejs squid tinyproxy \
  && rm -rf /var/lib/apt/lists/*
