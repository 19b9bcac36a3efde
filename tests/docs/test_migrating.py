"""`docs/migrating.md` says who records a call where a program still instruments by itself: the programs, run."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from genspan.distro.demo.server import running
from support import beside
from support.collector import collector
from support.environments import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "migrating.md").read_text()

CALL = """
from openai import OpenAI

OpenAI().chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "Hello"}])
"""
TRACELOOP = """
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from traceloop.sdk import Traceloop

Traceloop.init("shop", exporter=InMemorySpanExporter(), metrics_exporter=None{})
"""
MLFLOW = "MLflow's `mlflow.openai.autolog()`"
LEFT = {
    "OpenInference's `OpenAIInstrumentor().instrument()`": """
from openinference.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()
""",
    "OpenLLMetry's `OpenAIInstrumentor().instrument()`": """
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()
""",
    "upstream's `OpenAIInstrumentor().instrument()`": """
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()
""",
    "Traceloop's `Traceloop.init(…)`": TRACELOOP.format(""),
    "Traceloop's `Traceloop.init(…, instruments=set())`": TRACELOOP.format(", instruments=set()"),
    "Phoenix's `register(auto_instrument=True)`": """
import os
from phoenix.otel import register

register(auto_instrument=True, endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces", batch=False)
""",
    "Logfire's `logfire.instrument_openai()`": """
import logfire

logfire.configure(send_to_logfire=False, console=False)
logfire.instrument_openai()
""",
    "Langfuse's `import langfuse.openai`": """
import langfuse.openai
""",
    MLFLOW: """
import mlflow

mlflow.openai.autolog()
""",
}
"""By the words of the page's table."""


@pytest.fixture(scope="module")
def python() -> Path:
    return beside.python()


@pytest.mark.parametrize("left", LEFT)
def test_who_records_a_call(left: str, python: Path, tmp_path: Path) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {left} | "))
    with collector() as otlp, running() as model:
        given = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
            "OPENAI_BASE_URL": model.base_url,
            "LANGFUSE_BASE_URL": otlp.url,  # It answers whatever the path is.
            "MLFLOW_MODEL_CATALOG_URI": "",
        }
        interpreter = Path(sys.executable) if left == MLFLOW else python
        said = beside.run(interpreter, LEFT[left] + CALL, tmp_path, given).stderr
    scopes = Counter(str(span.instrumentation_scope and span.instrumentation_scope.name) for span in otlp.spans)
    ours = scopes.pop("genspan.instrumentation.openai", 0)
    number, whose = re.findall(r"\| (\d): ([^|,]*)[^|]*\|", row)[0]
    assert ours + scopes.total() == int(number), scopes
    assert {"genspan's": (1, 0), "the other's": (0, 1), "both": (1, 1)}[whose.strip()] == (ours, scopes.total())
    warned = [line for line in said.splitlines() if line.endswith("=genspan_openai") and "stay off" not in line]
    assert len(warned) == ("instruments=set()" not in left and "register" not in left)


def test_versions_are_those_of_the_page() -> None:
    named = ("traceloop-sdk", "openinference-instrumentation-openai", "arize-phoenix-otel", "logfire", "langfuse")
    pinned = {beside.PACKAGES[name] for name in (*named, "opentelemetry-instrumentation-genai-openai")}
    assert all(version in PAGE for version in pinned)
