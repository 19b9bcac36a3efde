"""Programs in one environment with other vendors' instrumentations and distributions, and genspan beside them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest

from support import app
from support.environments import ROOT, Unavailable, interpreter
from support.site import install

PACKAGES: Final = {
    "traceloop-sdk": "0.62.4",
    "openinference-instrumentation-openai": "0.1.66",
    "arize-phoenix-otel": "0.17.2",
    "opentelemetry-instrumentation-genai-openai": "1.3b0",
    "logfire": "5.4.0",
    "langfuse": "5.0.4",
    "azure-monitor-opentelemetry": "1.8.11",
    "openai": "3.51.0",
    "opentelemetry-sdk": "1.45.1",
    "opentelemetry-instrumentation": "0.66b1",
    "httpx": "0.28.1",  # traceloop-sdk imports it, and does not ask for it
    "orjson": "3.13.0",
}


def python() -> Path:
    """The interpreter of that environment. Skips the test where it cannot be had."""
    try:
        return interpreter("migrating", [f"{name}=={at}" for name, at in PACKAGES.items()], ["certifi"])
    except Unavailable as why:
        pytest.skip(str(why))


def run(
    python: Path, source: str, folder: Path, given: Mapping[str, str], *, instrumented: bool = True
) -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, under `opentelemetry-instrument` or not. Raises AssertionError if it fails."""
    (folder / "app.py").write_text(source)
    install(folder / "site", "genspan", distribution("genspan").read_text("entry_points.txt") or "")
    roots = [ROOT / root for root in ("semconv", "instrumentation", "exporters", "distro", "api")]
    settings = {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, (folder / "site", *roots))),
        "OTEL_PYTHON_DISTRO": "genspan",  # Azure's is there, too.
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "httpx,httpx2,requests,urllib,urllib3,logging,threading",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OPENAI_API_KEY": "none",
        "TRACELOOP_TELEMETRY": "false",
        "TRACELOOP_METRICS_ENABLED": "false",
        "LOGFIRE_SEND_TO_LOGFIRE": "false",
        "LANGFUSE_PUBLIC_KEY": "pk-lf-none",
        "LANGFUSE_SECRET_KEY": "sk-lf-none",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    }
    done = subprocess.run(
        [*([python.parent / "opentelemetry-instrument"] if instrumented else []), python, "app.py"],
        check=False,
        cwd=folder,
        env=app.environment(settings | dict(given)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done
