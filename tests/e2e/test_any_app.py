"""Any OpenTelemetry app under the distribution: where its telemetry goes, and where it does not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from support import app, mlflow_file, shop, tree
from support.collector import collector


def test_the_endpoint_of_a_collector_is_all_it_takes(tmp_path: Path) -> None:
    with collector() as otlp:
        run = app.run(shop.SOURCE, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url})
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
    run = app.run(CONNECTIONS + shop.SOURCE, tmp_path, options=["-S"])
    assert (run.stdout, run.stderr) == ("", "")
    assert {path.name for path in tmp_path.iterdir()} == {"app.py", "mlflow.db"}
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == shop.TRACES


def test_the_connections_of_an_app_would_be_seen(tmp_path: Path) -> None:
    with collector() as otlp:
        endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{otlp.url}/v1/traces"}
        run = app.run(CONNECTIONS + shop.SOURCE, tmp_path, endpoint, options=["-S"])
    assert len(otlp.spans) == shop.TRACES * shop.SPANS
    assert "socket.connect" in run.stderr


def test_a_backend_that_is_down_keeps_neither_the_file_nor_the_app(tmp_path: Path) -> None:
    started = time.monotonic()
    app.run(
        shop.SOURCE, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}
    )
    assert time.monotonic() - started < 20
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == shop.TRACES


@pytest.mark.parametrize("given", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_off_leaves_nothing_behind(given: dict[str, str], tmp_path: Path) -> None:
    run = app.run(shop.SOURCE, tmp_path, given)
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
