#!/bin/sh
# Makes sure that database tests find a PostgreSQL: on PATH, or Debian's, installed or to be installed.
# Never fails: without one the tests that need it are skipped, and say so.
set -u

here() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

from_debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "tests/postgresql.sh: installing Debian's postgresql for the database tests"
    {
        # The programs alone: no cluster, no service.
        mkdir -p /etc/postgresql-common &&
            { [ -e /etc/postgresql-common/createcluster.conf ] ||
                echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf; } &&
            apt-get update &&
            DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql
    } >/dev/null 2>&1 && here
}

here || from_debian ||
    echo "tests/postgresql.sh: no PostgreSQL here, and none could be installed: database tests will be skipped"
