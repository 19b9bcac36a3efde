"""Virtual environments with other packages than our own, kept in the repository's root for the next time."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Unavailable(RuntimeError):
    """The packages cannot be installed here; says why."""


def interpreter(name: str, packages: Sequence[str], overrides: Sequence[str] = ()) -> Path:
    """The interpreter of `.venv-{name}`, made where it is missing or was made for other packages.

    `overrides` are requirements that stand whatever the packages ask for. Raises Unavailable.
    """
    home = ROOT / f".venv-{name}"
    python, made = home / "bin" / "python", home / "made-for"
    wanted = "\n".join(packages)
    with (ROOT / f".venv-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.read_text() != wanted:
            _uv("venv", "--clear", "--python", sys.executable, str(home))
            override = home / "override.txt"
            override.write_text("\n".join(overrides))
            _uv("pip", "install", "--python", str(python), "--override", str(override), *packages)
            made.write_text(wanted)
    return python


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run([uv, "--quiet", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(done.stderr.strip())
