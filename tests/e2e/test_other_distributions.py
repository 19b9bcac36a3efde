"""Where another distribution has set OpenTelemetry up: one tracer provider, and every span is theirs and MLflow's."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from genspan.distro.demo.server import running
from support import beside
from support.collector import collector
from support.scripted_server import Json, ScriptedServer

pytestmark = pytest.mark.slow

REST = """
from genspan.distro import configure

found = trace.get_tracer_provider()
exporters = lambda: [getattr(p, "span_exporter", p) for p in found._active_span_processor._span_processors]
theirs = exporters() if hasattr(found, "_active_span_processor") else []
configure()
configure()
assert trace.get_tracer_provider() is found
if theirs:
    assert exporters()[:len(theirs)] == theirs

import openai

client = openai.OpenAI()
asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}
client.chat.completions.create(**asked)
for chunk in client.chat.completions.create(**asked, stream=True):
    pass
client.embeddings.create(model="text-embedding-3-small", input="Hello")
found.force_flush()
"""
SPANS = Counter({"chat gpt-5-mini": 2, "embeddings text-embedding-3-small": 1})

TO_MEMORY = """
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

memory = InMemorySpanExporter()
"""
TOLD = """
print(*(span.name for span in memory.get_finished_spans()), sep="\\n")
"""
TRACELOOP = """
from traceloop.sdk import Traceloop

Traceloop.init("shop", exporter=memory, metrics_exporter=None, instruments=set(), disable_batch=True)
"""
LOGFIRE = """
import logfire

logfire.configure(
    send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(memory)], metrics=False
)
"""
PHOENIX = """
from phoenix.otel import register

register(endpoint="http://127.0.0.1:9/v1/traces", verbose=False).add_span_processor(SimpleSpanProcessor(memory))
"""
AZURE = """
from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry import trace

configure_azure_monitor(disable_offline_storage=True, disable_logging=True)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return beside.python()


def in_mlflow(folder: Path) -> Counter[str]:
    with sqlite3.connect(folder / "mlflow.db") as connection:
        return Counter(name for (name,) in connection.execute("SELECT name FROM spans"))


@pytest.mark.parametrize("theirs", [TRACELOOP, LOGFIRE, PHOENIX], ids=["Traceloop", "Logfire", "Phoenix"])
def test_their_provider_is_joined(theirs: str, python: Path, tmp_path: Path) -> None:
    with running() as model:
        given = {"OPENAI_BASE_URL": model.base_url}
        done = beside.run(python, TO_MEMORY + theirs + REST + TOLD, tmp_path, given, instrumented=False)
    assert Counter(line for line in done.stdout.splitlines() if line in SPANS) == SPANS, done.stdout
    assert in_mlflow(tmp_path) == SPANS
    assert "Overriding" not in done.stderr


def test_azure_monitors_provider_is_joined(python: Path, tmp_path: Path) -> None:
    with running() as model, ScriptedServer() as azure, collector() as otlp:
        azure.script(Json({"itemsReceived": 3, "itemsAccepted": 3, "errors": []}))
        key = "InstrumentationKey=11111111-2222-3333-4444-555555555555"
        given = {
            "OPENAI_BASE_URL": model.base_url,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": f"{key};IngestionEndpoint={azure.url}/;LiveEndpoint={azure.url}/",
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
        }
        done = beside.run(python, AZURE + REST, tmp_path, given, instrumented=False)
    items = [item["data"] for request in azure.requests if "/track" in request.path for item in request.json()]
    calls = [item["baseData"] for item in items if item["baseType"] == "RemoteDependencyData"]
    assert Counter(call["name"] for call in calls) == SPANS
    assert in_mlflow(tmp_path) == SPANS
    assert otlp.spans == []  # Which exporters there are beside MLflow's is theirs to say.
    assert "Overriding" not in done.stderr
