"""`docs/migrating.md` says how many spans a call has where a program still instruments by itself: the programs, run."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import pytest

from genspan.distro.demo.server import running
from support import app
from support.collector import collector
from support.environments import ROOT, Unavailable, interpreter
from support.site import install

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "migrating.md").read_text()

PACKAGES = {
    "traceloop-sdk": "0.62.4",
    "openinference-instrumentation-openai": "0.1.66",
    "arize-phoenix-otel": "0.17.2",
    "opentelemetry-instrumentation-genai-openai": "1.3b0",
    "openai": "3.51.0",
    "opentelemetry-sdk": "1.45.1",
    "opentelemetry-instrumentation": "0.66b1",
    "httpx": "0.28.1",  # traceloop-sdk imports it, and does not ask for it
    "orjson": "3.13.0",
}

CALL = """
from openai import OpenAI

OpenAI().chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "Hello"}])
"""
TRACELOOP = """
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from traceloop.sdk import Traceloop

Traceloop.init("shop", exporter=InMemorySpanExporter(), metrics_exporter=None{})
"""
LEFT = {
    "OpenInference's `OpenAIInstrumentor().instrument()`": """
from openinference.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()
""",
    "Traceloop's `Traceloop.init(…)`": TRACELOOP.format(""),
    "Traceloop's `Traceloop.init(…, instruments=set())`": TRACELOOP.format(", instruments=set()"),
    "Phoenix's `register(auto_instrument=True)`": """
import os
from phoenix.otel import register

register(auto_instrument=True, endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces", batch=False)
""",
    "upstream's `OpenAIInstrumentor().instrument()`": """
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()
""",
}
"""By the words of the page's table."""


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return interpreter("migrating", [f"{name}=={version}" for name, version in PACKAGES.items()])
    except Unavailable as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("left", LEFT)
def test_spans_of_one_call(left: str, python: Path, tmp_path: Path) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {left} | "))
    (tmp_path / "app.py").write_text(LEFT[left] + CALL)
    install(tmp_path / "site", "genspan", distribution("genspan").read_text("entry_points.txt") or "")
    roots = [ROOT / root for root in ("semconv", "instrumentation", "exporters", "distro", "api")]
    with collector() as otlp, running() as model:
        subprocess.run(
            [python.parent / "opentelemetry-instrument", "python", "app.py"],
            check=True,
            cwd=tmp_path,
            env=app.environment(
                {
                    "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
                    "PYTHONPATH": os.pathsep.join(map(str, (tmp_path / "site", *roots))),
                    "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
                    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "httpx,requests,urllib3,logging,threading",
                    "OPENAI_BASE_URL": model.base_url,
                    "OPENAI_API_KEY": "none",
                    "TRACELOOP_TELEMETRY": "false",
                    "TRACELOOP_METRICS_ENABLED": "false",
                }
            ),
            timeout=120,
        )
    (said,) = re.findall(r"\| (\d)[^|]*\|$", row)
    assert len(otlp.spans) == int(said)


def test_versions_are_those_of_the_page() -> None:
    pinned = {
        PACKAGES[name] for name in ("traceloop-sdk", "openinference-instrumentation-openai", "arize-phoenix-otel")
    }
    assert all(version in PAGE for version in (*pinned, PACKAGES["opentelemetry-instrumentation-genai-openai"]))
