"""What the exporter measures of itself, by OpenTelemetry's names."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter, delivery, metrics, outbox

RESOURCE = Resource({"service.name": "shop"})

Read = Callable[[], dict[tuple[str, str | None], float]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Sums by metric and error type; of a histogram, the count."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    monkeypatch.setenv(metrics.INTERNAL_METRICS_ENABLED, "true")
    monkeypatch.setattr(delivery, "FIRST_DELAY", 60.0)
    monkeypatch.setattr("genspan.exporters.mlflow.stores.sqlite.connection.BUSY_TIMEOUT", 0.05)
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)

    def read() -> dict[tuple[str, str | None], float]:
        data: Any = reader.get_metrics_data()
        found = {}
        for metric in (m for r in data.resource_metrics for scope in r.scope_metrics for m in scope.metrics):
            for point in metric.data.data_points:
                attributes = dict(point.attributes)
                if attributes.pop("otel.component.type") != metrics.COMPONENT_TYPE:
                    continue  # The SDK's own.
                assert attributes.pop("otel.component.name").startswith(f"{metrics.COMPONENT_TYPE}/")
                value = point.count if hasattr(point, "count") else point.value
                found[metric.name, attributes.pop("error.type", None)] = value
                assert attributes == {}
        return found

    return read


def spans(*traces: int, start: int = 10**18) -> list[ReadableSpan]:
    return [
        ReadableSpan(
            name="s",
            context=SpanContext(trace, span, is_remote=False),
            resource=RESOURCE,
            start_time=start,
            end_time=start + 1,
        )
        for trace in traces
        for span in (1, 2)
    ]


EXPORTED = "otel.sdk.exporter.span.exported"
INFLIGHT = "otel.sdk.exporter.span.inflight"
DURATION = "otel.sdk.exporter.operation.duration"
WAITING = "genspan.exporter.outbox.trace.count"


def test_written_waiting_and_rejected(read: Read) -> None:
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export(spans(1))
    assert read() == {(EXPORTED, None): 2, (INFLIGHT, None): 0, (DURATION, None): 1, (WAITING, None): 0}

    lock = sqlite3.connect("mlflow.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    exporter.export([*spans(2, 3), *spans(4, start=2**63 - 1)])
    failed = {(DURATION, "StoreUnavailable"): 1}
    assert read() == {(EXPORTED, None): 2, (INFLIGHT, None): 0, (DURATION, None): 1, (WAITING, None): 3, **failed}

    lock.execute("ROLLBACK")
    exporter.force_flush()
    rejected = {(EXPORTED, "rejected"): 2}
    assert read() == {
        (EXPORTED, None): 6,
        (INFLIGHT, None): 0,
        (DURATION, None): 2,
        (WAITING, None): 0,
        **failed,
        **rejected,
    }
    exporter.shutdown()


def test_dropped(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (3_000,))
    Path("mlflow.db").mkdir()
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")

    exporter.export(spans(*range(1, 11)))

    found = read()
    assert found[EXPORTED, "outbox_full"] == 2 * (10 - found[WAITING, None])
    exporter.shutdown()


def test_none_unless_asked_for(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(metrics.INTERNAL_METRICS_ENABLED)
    monkeypatch.setattr(metrics, "get_meter", lambda _: pytest.fail("no meter is needed"))
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export(spans(1))
    exporter.shutdown()


def test_the_server_is_named() -> None:
    assert metrics._server("https://mlflow.example/prefix") == {"server.address": "mlflow.example", "server.port": 443}
    assert metrics._server("sqlite:////srv/mlflow.db") == {}
