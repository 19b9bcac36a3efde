#!/bin/sh
# Makes sure that UI tests find a Chromium or Chrome: on PATH, from Debian, or from Playwright, in this order.
# Never fails: without a browser the UI tests are skipped, and say so.
set -u
bin="$(dirname "$0")/../.venv/bin"

on_path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

from_debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "tests/browser.sh: installing Debian's chromium for the UI tests"
    {
        apt-get update &&
            DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium
    } >/dev/null 2>&1 && on_path
}

from_playwright() {
    [ -x "$bin/playwright" ] || return 1
    "$bin/playwright" install chromium >/dev/null 2>&1
}

on_path || from_debian || from_playwright ||
    echo "tests/browser.sh: no Chromium or Chrome here, and none could be installed: UI tests will be skipped"
