"""Tracer providers that are not OpenTelemetry's SDK, and take no span processors: spans are made, and no more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace as otel
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from genspan import mlflow
from genspan.mlflow.tracing import provider
from genspan.semconv.encoding import decode


class Span(NonRecordingSpan):
    """All of OpenTelemetry's API that a span has to have, and nothing to read it by."""

    def __init__(self, name: str, parent: otel.Span, context: SpanContext) -> None:
        super().__init__(context)
        self.log: dict[str, Any] = {"name": name, "parent": parent.get_span_context().span_id, "events": [], "ends": 0}

    def is_recording(self) -> bool:
        return not self.log["ends"]

    def set_attributes(self, attributes: Any) -> None:
        self.log |= attributes

    def set_attribute(self, key: str, value: Any) -> None:
        self.log[key] = value

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        self.log["events"].append(name)

    def set_status(self, status: Any, description: str | None = None) -> None:
        self.log["status"] = status.status_code.name

    def end(self, end_time: int | None = None) -> None:
        self.log["ends"] += 1


class Provider(otel.TracerProvider):
    def __init__(self) -> None:
        self.spans: list[Span] = []

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return Tracer(self)


class Tracer(otel.NoOpTracer):
    def __init__(self, made: Provider) -> None:
        self.made = made

    def start_span(self, name: str, context: Any = None, **more: Any) -> Span:  # type: ignore[override]
        parent, number = otel.get_current_span(context), len(self.made.spans) + 1
        context = SpanContext(parent.get_span_context().trace_id or number, number, False, TraceFlags(1))
        span = Span(name, parent, context)
        span.set_attributes(more["attributes"])
        self.made.spans.append(span)
        return span


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    made = Provider()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(otel, "_TRACER_PROVIDER", made)
    monkeypatch.setattr(provider, "_process", provider._Process())
    yield made
    assert not list(tmp_path.iterdir())


def test_spans_are_made_with_what_is_said_of_them(foreign: Provider) -> None:
    @mlflow.trace(span_type="TOOL")
    def look_up(question: str) -> dict[str, str]:
        active = mlflow.get_current_active_span()
        assert active is not None
        active.set_attribute("seen", active.name)
        return {"answer": question}

    with mlflow.tracing.context(session_id="s", tags={"t": "1"}), mlflow.start_span("agent", span_type="AGENT") as span:
        look_up("why")
        mlflow.update_current_trace(tags={"late": "yes"})
        span.set_outputs("done")
        assert span.outputs == "done"
    agent, tool = (span.log for span in foreign.spans)
    assert (agent["name"], agent["parent"], agent["ends"], agent["status"]) == ("agent", 0, 1, "OK")
    assert (tool["name"], tool["parent"], tool["ends"]) == ("look_up", 1, 1)
    assert agent["gen_ai.operation.name"] == "invoke_agent"
    assert agent["session.id"] == tool["session.id"] == "s"
    assert (agent["mlflow.traceTag.t"], agent["mlflow.traceTag.late"]) == ("1", "yes")
    assert decode(agent["mlflow.spanOutputs"]) == "done"
    assert decode(tool["mlflow.spanInputs"]) == {"question": "why"}
    assert decode(tool["gen_ai.tool.call.result"]) == {"answer": "why"}
    assert tool["seen"] == "look_up"
    assert mlflow.get_last_active_trace_id() == span.trace_id


def test_failures_generators_and_masking(foreign: Provider) -> None:
    with pytest.raises(ValueError, match="no"), mlflow.start_span("fails"):
        raise ValueError("no")
    with mlflow.tracing.configure(span_processors=[lambda span: span.set_outputs("masked")]):
        assert list(mlflow.trace(lambda: (yield 1), name="items")()) == [1]
    fails, items = (span.log for span in foreign.spans)
    assert (fails["status"], fails["events"], fails["error.type"], fails["ends"]) == (
        "ERROR",
        ["exception"],
        "ValueError",
        1,
    )
    assert (decode(items["mlflow.spanOutputs"]), items["ends"]) == ("masked", 1)


def test_what_does_not_work_is_said_once(foreign: Provider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            mlflow.trace(lambda: 1, name="a")()
    (said,) = [record.getMessage() for record in caplog.records if "takes no span processors" in record.getMessage()]
    assert "Provider is in charge of tracing" in said
    assert "no traces go to MLflow" in said
