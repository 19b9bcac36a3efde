"""The same scenarios on the oldest versions that we support, and on newer ones than the environment's own.

Each set runs in a virtual environment of its own, kept in the repository's root (`.venv-langchain-…`) for next time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from support.environments import ROOT, interpreter

HERE = Path(__file__).parent.relative_to(ROOT)
SETS = {
    "0.3.0": [
        "langchain==0.3.0",
        "langchain-openai==0.2.0",
        "langgraph==0.2.23",
        "pydantic<2.11",  # whose warnings langchain-core 0.3.0 provokes anew in each run
    ],
    "1.8.1": ["langchain==1.5.0", "langchain-openai==1.7.4", "langgraph==1.2.22", "langchain-classic==1.0.8"],
}
"""Beside these versions of langchain-core: what goes with them."""
PYTHON = {"1.8.1": (3, 11)}
"""What they need at least, where that is more than we do."""
OVERRIDE = "certifi==2026.10.18"
"""langchain-core 1.8 asks for a newer one than all package indexes have yet."""
TESTING = ["pytest", "pytest-asyncio", "hypothesis", "jsonschema", "cloudpickle", "numpy"]
OTEL = ["opentelemetry-api", "opentelemetry-sdk", "opentelemetry-instrumentation", "orjson", "wrapt"]
SOURCES = ("semconv", "instrumentation", "distro")

# What starts interpreters or runs for long shows nothing new about a version.
ESSENTIAL = ["-k", "not before_the_app_imports", "-m", "not slow"]


@pytest.mark.slow
@pytest.mark.parametrize("core", SETS)
def test_scenarios_on(core: str) -> None:
    if version("langchain-core") == core:
        pytest.skip("this is that version")
    if sys.version_info < PYTHON.get(core, ()):
        pytest.skip("it needs a newer Python")
    python = interpreter(f"langchain-{core}", [f"langchain-core=={core}", *SETS[core], *TESTING, *OTEL], [OVERRIDE])
    done = subprocess.run(
        [python, "-m", "pytest", HERE, "-q", "-p", "no:cacheprovider", "--show-capture=no", *ESSENTIAL],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
