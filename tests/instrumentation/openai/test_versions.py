"""The same scenarios on the oldest SDK that we support and on the last of openai 2.

Each runs in a virtual environment of its own, kept in the repository's root (`.venv-openai-…`) for the next time.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import openai
import pytest

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent.relative_to(ROOT)
SDKS = {"1.26": ["openai==1.26.0", "httpx<0.28"], "2.54": ["openai==2.54.0"]}
TESTING = ["pytest", "pytest-asyncio", "hypothesis", "jsonschema"]
OTEL = ["opentelemetry-api", "opentelemetry-sdk", "opentelemetry-instrumentation", "orjson", "wrapt"]
SOURCES = ("semconv", "instrumentation")

# Scenarios that start interpreters, or try hundreds of inputs, show nothing new about a version.
ESSENTIAL = "not python and not odd and not exits and not forked and not modes"


def _environment(version: str) -> Path:
    """The interpreter of the version's environment, made where it is missing or was made for other requirements."""
    home = ROOT / f".venv-openai-{version}"
    python = home / "bin" / "python"
    wanted = [*SDKS[version], *TESTING, *OTEL]
    made = home / "made-for"
    with (ROOT / f".venv-openai-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.read_text() != "\n".join(wanted):
            uv = Path(sys.executable).with_name("uv")
            subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
            subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *wanted], check=True)
            made.write_text("\n".join(wanted))
    return python


@pytest.mark.slow
@pytest.mark.parametrize("version", SDKS)
def test_scenarios_on(version: str) -> None:
    if openai.__version__.startswith(version):
        pytest.skip("this is that version")
    python = _environment(version)
    chosen = ["-k", ESSENTIAL, "-m", "not slow"]
    done = subprocess.run(
        [python, "-m", "pytest", HERE, "-q", "-p", "no:cacheprovider", "--show-capture=no", *chosen],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
