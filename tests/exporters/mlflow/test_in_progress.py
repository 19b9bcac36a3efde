"""Traces that run are seen, on request, and finished by their end."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, Tracer, set_span_in_context

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.in_progress import InProgressSpanProcessor
from support import app

SECONDS = 0.2
FILE = "mlflow.db"

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def tracer(own_folder: Path) -> Iterator[Tracer]:
    exporter = MlflowSpanExporter(f"sqlite:///{FILE}")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.add_span_processor(InProgressSpanProcessor(exporter, SECONDS))
    yield provider.get_tracer("shop")
    provider.shutdown()


def traces(file: Path | str = FILE) -> list[Any]:
    """State, name, request preview and number of spans of each trace."""
    if not Path(file).exists():
        return []
    connection = sqlite3.connect(file)
    try:
        return connection.execute(
            "SELECT status, trace_name, request_preview, (SELECT count(*) FROM spans WHERE trace_id = request_id)"
            " FROM trace_info ORDER BY timestamp_ms"
        ).fetchall()
    except sqlite3.OperationalError:  # The tables are being made.
        return []
    finally:
        connection.close()


def seen(condition: Callable[[], bool], timeout: float = 20) -> bool:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_trace_is_seen_while_it_runs_and_finished_by_its_end(tracer: Tracer) -> None:
    with tracer.start_as_current_span("agent") as span:
        span.set_attribute("gen_ai.operation.name", "invoke_agent")
        span.set_attribute(
            "gen_ai.input.messages", '[{"role": "user", "parts": [{"type": "text", "content": "Question?"}]}]'
        )
        assert seen(lambda: traces() == [("IN_PROGRESS", "agent", "Question?", 1)])
        with tracer.start_as_current_span("step"):
            pass
        assert traces() == [("IN_PROGRESS", "agent", "Question?", 2)]

    assert traces() == [("OK", "agent", "Question?", 2)]


def test_a_short_trace_is_written_once_when_it_has_ended(tracer: Tracer, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[Any] = []
    monkeypatch.setattr(MlflowSpanExporter, "announce", lambda self, spans: announced.extend(spans))

    for _ in range(50):
        with tracer.start_as_current_span("short"):
            pass
    time.sleep(SECONDS * 3)

    assert announced == []
    assert [trace[0] for trace in traces()] == ["OK"] * 50


def test_a_span_below_another_of_this_process_is_not_announced_by_itself(
    tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[str] = []
    monkeypatch.setattr(
        MlflowSpanExporter, "announce", lambda self, spans: announced.extend(span.name for span in spans)
    )
    caller = NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)))

    with (
        tracer.start_as_current_span("served", context=set_span_in_context(caller)),
        tracer.start_as_current_span("step"),
    ):
        assert seen(lambda: announced != [])
        time.sleep(SECONDS * 2)

    assert announced == ["served"]


def test_a_child_process_announces_its_own(tracer: Tracer) -> None:
    with tracer.start_as_current_span("parent"):
        assert seen(lambda: [name for _, name, *_ in traces()] == ["parent"])
        if (child := os.fork()) == 0:
            code = 1
            try:
                from opentelemetry.context import Context

                with tracer.start_as_current_span("child", context=Context()):
                    if seen(lambda: "child" in [name for _, name, *_ in traces()]):
                        code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0

    assert [state for state, *_ in traces()] == ["OK", "OK"]


RUNNING = """
import os, sys, time
from opentelemetry import trace

with trace.get_tracer("shop").start_as_current_span("agent"):
    time.sleep(3)
    if "crash" in os.environ.get("SHOP", ""):
        os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"GENSPAN_MLFLOW_IN_PROGRESS": "true"}, ["OK"]),
        ({"GENSPAN_MLFLOW_IN_PROGRESS": "true", "SHOP": "crash"}, ["IN_PROGRESS"]),
        ({"SHOP": "crash"}, []),
    ],
    ids=["ends well", "crashes", "crashes unseen"],
)
def test_a_setting_of_the_distribution(given: dict[str, str], expected: list[str], own_folder: Path) -> None:
    app.run(RUNNING, own_folder, given)

    assert [state for state, *_ in traces(own_folder / FILE)] == expected
