#!/bin/sh
# Makes sure that a test finds a Prometheus: on PATH, or Debian's program, unpacked into .prometheus without its service.
# Never fails: without one the test that needs it is skipped, and says so.
set -u
cd "$(dirname "$0")/.."

here() {
    command -v prometheus >/dev/null 2>&1 || [ -x .prometheus/usr/bin/prometheus ]
}

from_debian() {
    command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || return 1
    echo "tests/prometheus.sh: unpacking Debian's prometheus for a test"
    {
        mkdir -p .prometheus && cd .prometheus &&
            { apt-get download prometheus || { apt-get update && apt-get download prometheus; }; } &&
            dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb
    } >/dev/null 2>&1 && cd .. && here
}

here || from_debian ||
    echo "tests/prometheus.sh: no Prometheus here, and none could be unpacked: its test will be skipped"
