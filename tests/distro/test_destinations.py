"""The exporters that the distribution builds, each under the policy of its own variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import app, mlflow_file
from support.collector import collector
from support.site import install

REPORT = """
import json
from opentelemetry import trace
from opentelemetry._logs import get_logger_provider

def policy(exporter):
    found = getattr(exporter, "policy", None)
    return found and [found.content, bool(found.redaction), found.limit]

def behind(exporter):
    return type(getattr(exporter, "exporter", exporter)).__name__

spans = [processor.span_exporter for processor in trace.get_tracer_provider()._active_span_processor._span_processors
         if hasattr(processor, "span_exporter")]
logs = [processor._batch_processor._exporter
        for processor in get_logger_provider()._multi_log_record_processor._log_record_processors]
print(json.dumps({"spans": {behind(e): policy(e) for e in spans}, "logs": {behind(e): policy(e) for e in logs}}))
"""
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_METRICS_EXPORTER": "none"}


def report(cwd: Path, **given: str) -> dict[str, Any]:
    run = app.run(REPORT, cwd, given)
    return {**json.loads(run.stdout.splitlines()[-1]), "stderr": run.stderr}


@pytest.mark.parametrize(
    ("given", "mlflow", "otlp"),
    [
        ({}, None, None),
        ({"GENSPAN_OTLP_CONTENT": "false"}, None, [False, False, None]),
        ({"GENSPAN_CONTENT_LIMIT": "9", "GENSPAN_MLFLOW_REDACT": "secrets"}, [True, True, 9], [True, False, 9]),
        ({"GENSPAN_MLFLOW_CONTENT": "false", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, [False, False, None], None),
    ],
)
def test_every_destination_has_its_own(given: dict[str, str], mlflow: Any, otlp: Any, tmp_path: Path) -> None:
    found = report(tmp_path, **ENDPOINT, **given)
    assert found["spans"] == {"MlflowSpanExporter": mlflow, "OTLPSpanExporter": otlp}
    assert found["logs"] == {"OTLPLogExporter": otlp}
    assert "GENSPAN" not in found["stderr"]


def test_a_wrong_value_is_told_once_and_content_stays_at_home(tmp_path: Path) -> None:
    found = report(tmp_path, **ENDPOINT, GENSPAN_OTLP_CONTENT="flase")
    assert found["spans"] == {"MlflowSpanExporter": None, "OTLPSpanExporter": [False, True, None]}
    assert found["logs"] == {"OTLPLogExporter": [False, True, None]}
    lines = [line for line in found["stderr"].splitlines() if "GENSPAN_OTLP_CONTENT is 'flase'" in line]
    assert len(lines) == 1


def test_a_slip_in_the_name_of_a_destination_is_told(tmp_path: Path) -> None:
    found = report(tmp_path, **ENDPOINT, GENSPAN_OLTP_CONTENT="false")
    assert found["spans"]["OTLPSpanExporter"] is None
    assert "GENSPAN_OLTP_CONTENT does nothing: exporters are CONSOLE, MLFLOW, OTLP" in found["stderr"]


def test_the_console_is_a_destination(tmp_path: Path) -> None:
    source = """
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("s", attributes={"input.value": "hello", "n": 1}):
    pass
"""
    run = app.run(source, tmp_path, {"OTEL_TRACES_EXPORTER": "console", "GENSPAN_CONSOLE_CONTENT": "false"})
    assert '"n": 1' in run.stdout
    assert "hello" not in run.stdout


PROVIDER = """
from opentelemetry import trace
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.sdk.trace import TracerProvider

class Distro(BaseDistro):
    def _configure(self, **kwargs):
        trace.set_tracer_provider(TracerProvider())
"""


def test_the_exporter_that_joins_another_provider_has_its_policy(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "acme", "[opentelemetry_distro]\nacme = acme:Distro\n", acme=PROVIDER)
    source = """
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("s", attributes={"input.value": "hello", "n": 1}):
    pass
"""
    given = {"PYTHONPATH": str(site), "OTEL_PYTHON_DISTRO": "acme", "GENSPAN_CONTENT": "false"}
    assert "so these hold for MLflow alone: GENSPAN_CONTENT" in app.run(source, tmp_path, given).stderr
    (trace,) = mlflow_file.traces(tmp_path / "mlflow.db")
    assert trace.data.spans[0].attributes["n"] == 1
    assert b"hello" not in (tmp_path / "mlflow.db").read_bytes()


def test_mlflows_api_writes_under_the_policy_and_flushes(tmp_path: Path) -> None:
    source = """
from genspan import mlflow

@mlflow.trace
def answer(question):
    return "hello " + question

answer("sk-proj-abcDEF1234567890abcDEF12345")
mlflow.flush_trace_async_logging()
(trace,) = mlflow.search_traces(return_type="list")
print(trace.data.spans[0].inputs, trace.data.spans[0].outputs)
"""
    run = app.run(source, tmp_path, {"GENSPAN_REDACT": "secrets"})
    assert run.stdout.strip() == "{'question': '[REDACTED:openai_api_key]'} hello [REDACTED:openai_api_key]"
    assert b"sk-proj" not in (tmp_path / "mlflow.db").read_bytes()


def test_running_traces_are_shown_under_the_policy(tmp_path: Path) -> None:
    source = """
import time
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("s", attributes={"input.value": "hello", "n": 1}):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.1)
        try:
            written = open("mlflow.db", "rb").read()
        except OSError:
            continue
        if b"IN_PROGRESS" in written:
            break
    print(b"IN_PROGRESS" in written, b"hello" in written)
"""
    given = {"GENSPAN_MLFLOW_IN_PROGRESS": "true", "GENSPAN_CONTENT": "false"}
    assert app.run(source, tmp_path, given).stdout.strip() == "True False"


def test_metrics_and_spans_arrive_beside_a_policy(tmp_path: Path) -> None:
    source = """
from opentelemetry import metrics, trace
metrics.get_meter("app").create_counter("orders").add(1)
with trace.get_tracer("app").start_as_current_span("s", attributes={"input.value": "a@example.org"}):
    pass
"""
    with collector() as otlp:
        app.run(source, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "GENSPAN_REDACT": "email"})
    (span,) = otlp.spans
    assert dict(span.attributes or {}) == {"input.value": "[REDACTED:email]", "genspan.redacted": 1}
    assert "orders" in [metric.name for metric in otlp.metrics]
