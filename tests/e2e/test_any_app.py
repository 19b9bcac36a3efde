"""Any OpenTelemetry app under the distribution: its spans are in MLflow's file and in the OTLP backend."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from support import app, mlflow_file, tree
from support.collector import collector
from support.phoenix import Phoenix

TRACES, SPANS = 40, 5

APP = f"""
import json
from opentelemetry import trace

tracer = trace.get_tracer("shop")
for n in range({TRACES}):
    with tracer.start_as_current_span("invoke_agent Ada") as agent:
        agent.set_attribute("gen_ai.operation.name", "invoke_agent")
        agent.set_attribute("gen_ai.agent.name", "Ada")
        for step in range(2):
            with tracer.start_as_current_span("chat gpt-5", kind=trace.SpanKind.CLIENT) as chat:
                chat.set_attributes({{
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-5",
                    "gen_ai.usage.input_tokens": 3,
                    "gen_ai.usage.output_tokens": 2,
                    "gen_ai.input.messages": json.dumps(
                        [{{"role": "user", "parts": [{{"type": "text", "content": f"question {{n}}"}}]}}]
                    ),
                }})
                with tracer.start_as_current_span("a plain span"):
                    pass
"""


@pytest.mark.slow
@pytest.mark.xdist_group("phoenix")
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_mlflow_and_the_otlp_backend_hold_the_same_spans(protocol: str, tmp_path: Path, phoenix: Phoenix) -> None:
    project = f"any-app-{protocol[:4]}"
    run = app.run(
        APP,
        tmp_path,
        {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": phoenix.grpc if protocol == "grpc" else f"{phoenix.url}/v1/traces",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={project}",
        },
    )
    assert run.stderr == ""
    in_phoenix = phoenix.spans(project, TRACES * SPANS)
    in_mlflow = mlflow_file.traces(tmp_path / "mlflow.db")
    assert len(in_mlflow) == TRACES
    assert len(in_phoenix) == TRACES * SPANS
    assert tree.of_phoenix(in_phoenix) == tree.of_mlflow(in_mlflow)
    chats = [span for span in in_phoenix if span["name"] == "chat gpt-5"]
    assert all(span["attributes"]["gen_ai.usage.input_tokens"] == 3 for span in chats)


def test_the_endpoint_of_a_collector_is_all_it_takes(tmp_path: Path) -> None:
    with collector() as otlp:
        run = app.run(APP, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url})
    assert run.stderr == ""
    assert tree.of_otel(otlp.spans) == tree.of_mlflow(mlflow_file.traces(tmp_path / "mlflow.db"))
    assert {span.resource.attributes["telemetry.distro.name"] for span in otlp.spans} == {"genspan"}


def test_metrics_and_logs_go_to_the_collector_too(tmp_path: Path) -> None:
    signals = """
from opentelemetry import metrics
from opentelemetry._logs import LogRecord, get_logger

metrics.get_meter("shop").create_counter("orders").add(2)
get_logger("shop").emit(LogRecord(event_name="order.placed"))
"""
    with collector() as otlp:
        run = app.run(signals, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url})
    assert run.stderr == ""
    assert [metric.name for metric in otlp.metrics if metric.name == "orders"] == ["orders"]
    assert [event.log_record.event_name for event in otlp.events] == ["order.placed"]


# Started with -S, so that it watches before the distribution is loaded, which `site` does.
CONNECTIONS = """
import sys

def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        print(event, args, file=sys.stderr)

sys.addaudithook(watch)

import site

site.main()
"""


def test_without_an_endpoint_there_is_the_file_and_nothing_else(tmp_path: Path) -> None:
    run = app.run(CONNECTIONS + APP, tmp_path, options=["-S"])
    assert (run.stdout, run.stderr) == ("", "")
    assert {path.name for path in tmp_path.iterdir()} == {"app.py", "mlflow.db"}
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == TRACES


def test_the_connections_of_an_app_would_be_seen(tmp_path: Path) -> None:
    with collector() as otlp:
        endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{otlp.url}/v1/traces"}
        run = app.run(CONNECTIONS + APP, tmp_path, endpoint, options=["-S"])
    assert len(otlp.spans) == TRACES * SPANS
    assert "socket.connect" in run.stderr


def test_a_backend_that_is_down_keeps_neither_the_file_nor_the_app(tmp_path: Path) -> None:
    started = time.monotonic()
    app.run(APP, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"})
    assert time.monotonic() - started < 20
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == TRACES


@pytest.mark.parametrize("given", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_off_leaves_nothing_behind(given: dict[str, str], tmp_path: Path) -> None:
    run = app.run(APP, tmp_path, given)
    assert (run.stdout, run.stderr) == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_an_app_of_its_own_sdk_keeps_it(tmp_path: Path) -> None:
    own = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
with provider.get_tracer("own").start_as_current_span("mine"):
    pass
print([span.name for span in kept.get_finished_spans()])
"""
    run = app.run(own, tmp_path, {"OTEL_TRACES_EXPORTER": "none"})
    assert run.stdout == "['mine']\n"
    assert run.stderr == ""
