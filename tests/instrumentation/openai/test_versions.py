"""The same scenarios on the oldest SDK that we support and on the last of openai 2.

Each runs in a virtual environment of its own, kept in the repository's root (`.venv-openai-…`) for the next time.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import openai
import pytest

from support.environments import ROOT, interpreter

HERE = Path(__file__).parent.relative_to(ROOT)
SDKS = {"1.26": ["openai==1.26.0", "httpx<0.28"], "2.54": ["openai==2.54.0", "websockets"]}
TESTING = ["pytest", "pytest-asyncio", "hypothesis", "jsonschema"]
OTEL = ["opentelemetry-api", "opentelemetry-sdk", "opentelemetry-instrumentation", "orjson", "wrapt"]
SOURCES = ("semconv", "instrumentation")

# Scenarios that start interpreters, or try hundreds of inputs, show nothing new about a version.
ESSENTIAL = "not python and not odd and not exits and not forked and not modes"


@pytest.mark.slow
@pytest.mark.parametrize("version", SDKS)
def test_scenarios_on(version: str) -> None:
    if openai.__version__.startswith(version):
        pytest.skip("this is that version")
    python = interpreter(f"openai-{version}", [*SDKS[version], *TESTING, *OTEL])
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
