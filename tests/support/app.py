"""Apps in processes of their own, under `opentelemetry-instrument`, as users start them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_BIN = Path(sys.executable).parent
_OURS = ("OTEL_", "MLFLOW_", "GENSPAN_", "OPENAI_", "PYTHONPATH", "PYTEST_", "COVERAGE_")


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tests' own environment without what steers telemetry, and with what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    loopback = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return inherited | loopback | {"PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"} | dict(given or {})


def start(
    source: str,
    cwd: Path,
    given: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    stdin: bool = False,
) -> subprocess.Popen[str]:
    """Starts a Python program under `opentelemetry-instrument` in a folder; the caller waits for it.

    `options` are the interpreter's own; `stdin` gives it a pipe to read from.
    """
    (cwd / "app.py").write_text(source)
    return subprocess.Popen(
        [_BIN / "opentelemetry-instrument", "python", *options, "app.py"],
        cwd=cwd,
        env=environment(given),
        stdin=subprocess.PIPE if stdin else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    source: str,
    cwd: Path,
    given: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs such a program to its end. Raises TimeoutExpired after so many seconds, AssertionError if it fails."""
    with start(source, cwd, given, options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
