"""Session, user, tags and attributes that are said once and are on all spans below."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from genspan import mlflow
from genspan.distro import using_attributes
from genspan.exporters.context_attributes import ContextAttributesProcessor
from support import app, mlflow_api, mlflow_file


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(kept: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(ContextAttributesProcessor())
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return provider.get_tracer("app")


def attributes(kept: InMemorySpanExporter) -> dict[str, Mapping[str, object]]:
    return {span.name: dict(span.attributes or {}) for span in kept.get_finished_spans()}


def test_all_spans_below_and_none_after(tracer: Tracer, kept: InMemorySpanExporter) -> None:
    with (
        using_attributes({"team": "blue"}, session_id="s1", user_id="ada", tags={"release": "7"}),
        tracer.start_as_current_span("outer"),
        using_attributes(session_id="s2"),
    ):
        tracer.start_span("inner", attributes={"team": "own"}).end()
    tracer.start_span("after").end()
    found = attributes(kept)
    above = {"team": "blue", "session.id": "s1", "user.id": "ada"}
    assert found["outer"] == {**above, "mlflow.traceTag.release": "7"}
    assert found["inner"] == {"team": "own", "session.id": "s2", "user.id": "ada"}
    assert found["after"] == {}


def test_a_trace_that_is_under_way_has_the_facts_on_its_current_span(
    tracer: Tracer, kept: InMemorySpanExporter
) -> None:
    with (
        tracer.start_as_current_span("request", attributes={"session.id": "own"}),
        using_attributes(session_id="s1", tags={"release": "7"}, metadata={"region": "eu"}),
        tracer.start_as_current_span("agent"),
    ):
        pass
    found = attributes(kept)
    assert found["request"] == {
        "session.id": "own",
        "mlflow.traceTag.release": "7",
        "mlflow.traceMetadata.region": "eu",
    }
    assert found["agent"] == {"session.id": "s1"}


def test_mlflows_api_says_the_same_in_the_same_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with mlflow_api.tracing_to(monkeypatch, tmp_path) as recorded:
        with (
            mlflow.tracing.context(session_id="s1", user="ada", tags={"release": "7"}, metadata={"region": "eu"}),
            using_attributes(session_id="s2", tags={"team": "blue"}),
        ):
            trace.get_tracer("app").start_span("a").end()
        assert recorded.spans["a"].attributes == {
            "session.id": "s2",
            "user.id": "ada",
            "mlflow.traceTag.release": "7",
            "mlflow.traceTag.team": "blue",
            "mlflow.traceMetadata.region": "eu",
        }


def test_into_tasks_and_threads_that_are_given_the_context(tracer: Tracer, kept: InMemorySpanExporter) -> None:
    async def task(name: str) -> None:
        with using_attributes(session_id=name):
            await asyncio.sleep(0)
            tracer.start_span(name).end()

    async def both() -> None:
        await asyncio.gather(task("one"), task("two"))

    asyncio.run(both())
    with using_attributes(session_id="thread"), ThreadPoolExecutor(1) as threads:
        threads.submit(contextvars.copy_context().run, lambda: tracer.start_span("thread").end()).result()
    assert {name: found["session.id"] for name, found in attributes(kept).items()} == {
        "one": "one",
        "two": "two",
        "thread": "thread",
    }


def test_nothing_goes_over_the_wire(tracer: Tracer) -> None:
    carrier: dict[str, str] = {}
    with using_attributes(session_id="s1", user_id="ada"), tracer.start_as_current_span("a"):
        propagate.inject(carrier)
    assert set(carrier) == {"traceparent"}


def test_in_mlflow(tmp_path: Path) -> None:
    source = """
from opentelemetry import trace
from genspan.distro import using_attributes

with using_attributes({"team": "blue"}, session_id="s1", user_id="ada", tags={"release": "7"}):
    with trace.get_tracer("app").start_as_current_span("a", attributes={"gen_ai.operation.name": "invoke_agent"}):
        pass
"""
    assert app.run(source, tmp_path).stderr == ""
    (trace,) = mlflow_file.traces(tmp_path / "mlflow.db")
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s1"
    assert trace.info.trace_metadata["mlflow.trace.user"] == "ada"
    assert trace.info.tags["release"] == "7"
    assert trace.data.spans[0].attributes["team"] == "blue"
