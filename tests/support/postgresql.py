"""A real PostgreSQL of a test's own; `tests/postgresql.sh` sees to it that there is one to start."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.ports import free_port

NOBODY = 65534
"""PostgreSQL refuses to run as root."""


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`: that of PATH, else Debian's newest; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def running() -> Iterator[str]:
    """Starts PostgreSQL on a free port of 127.0.0.1, gives the URI of an empty database in it, and stops it."""
    binaries = programs()
    assert binaries is not None, "see tests/postgresql.sh"
    # Not under pytest's own folder, into which another user may not look.
    with tempfile.TemporaryDirectory(prefix="genspan-postgresql-") as name:
        folder, port = Path(name), free_port()
        data = folder / "data"
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)

        def run(*command: str | Path) -> None:
            with (folder / "log of the programs").open("w+") as log:
                # Not a pipe, which the server would inherit and hold open.
                done = subprocess.run([*_as_another(), *command], check=False, cwd=folder, stdout=log, stderr=log)
                log.seek(0)
                assert done.returncode == 0, log.read()

        run(binaries / "initdb", "--auth=trust", "--username=mlflow", "--no-sync", "--encoding=UTF8", "-D", data)
        settings = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off -c full_page_writes=off"
        run(binaries / "pg_ctl", "start", "--wait", "-D", data, "-l", folder / "log", "-o", settings)
        try:
            yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/postgres"
        finally:
            run(binaries / "pg_ctl", "stop", "--mode=immediate", "-D", data)


def _as_another() -> Sequence[str]:
    if os.getuid() != 0:
        return ()
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
