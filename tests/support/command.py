"""The `genspan` command in a process of its own, as users call it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from support import app

COMMAND: Final = (sys.executable, "-m", "genspan.distro.cli")


def run(folder: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end in a folder, which has the outbox too. Its exit code is for the caller to judge."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=app.environment({"GENSPAN_OUTBOX_DIR": str(folder / "outbox"), **given}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done
