"""The spans written by hand, against which the benchmark compares, say what genspan's say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from benchmarks.overhead import recordings
from benchmarks.overhead.calls import Calls, messages
from benchmarks.overhead.contenders import CONTENDERS
from benchmarks.overhead.recordings import Setting
from benchmarks.overhead.workloads import COMPARED, WORKLOADS
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
VARYING = {FIRST_CHUNK, "gen_ai.response.id"}

Said = list[tuple[str, Any, dict[str, Any], str | None]]


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    made = InMemorySpanExporter()

    def processor(export: str) -> SpanProcessor:
        return SimpleSpanProcessor(made)

    monkeypatch.setattr(recordings, "processor", processor)
    recordings.provider.cache_clear()
    recordings._calls_by_hand.cache_clear()
    yield made
    recordings.provider.cache_clear()
    recordings._calls_by_hand.cache_clear()


def said(exporter: InMemorySpanExporter, contender: str, work: str, mode: str) -> Said:
    exporter.clear()
    workload = WORKLOADS[work]
    with CONTENDERS[contender].recording(Calls(), workload.libraries, Setting(mode)) as recording:
        getattr(recording.calls, workload.call)(messages(20))
    return facts(exporter.get_finished_spans())


def facts(spans: Sequence[ReadableSpan]) -> Said:
    names = {span.context.span_id: span.name for span in spans}
    return [
        (
            span.name,
            span.kind,
            {name: type(value) if name in VARYING else value for name, value in (span.attributes or {}).items()},
            names.get(span.parent.span_id) if span.parent else None,
        )
        for span in spans
    ]


@pytest.mark.parametrize("mode", ["content", "no-content"])
@pytest.mark.parametrize("work", [name for name in COMPARED if name not in ("chat-10kB", "chat-1MB", "chat-10MB")])
def test_spans_by_hand_are_those_of_genspan(exporter: InMemorySpanExporter, work: str, mode: str) -> None:
    by_hand = said(exporter, "hand-written", work, mode)

    assert by_hand
    assert by_hand == said(exporter, "genspan", work, mode)


def test_a_stream_by_hand_tells_when_its_first_chunk_came(exporter: InMemorySpanExporter) -> None:
    for contender in ("hand-written", "genspan"):
        said(exporter, contender, "stream", "content")
        (span,) = exporter.get_finished_spans()
        assert span.attributes is not None
        assert span.attributes[FIRST_CHUNK] > 0


@pytest.mark.parametrize("work", ["abandoned", "abandoned-async"])
def test_a_stream_that_is_left_has_ended_before_the_next(exporter: InMemorySpanExporter, work: str) -> None:
    said(exporter, "genspan", work, "content")
    (span,) = exporter.get_finished_spans()
    assert span.attributes is not None
    assert FIRST_CHUNK in span.attributes
    assert '"hello hello "' in str(span.attributes["gen_ai.output.messages"])  # The first chunk has none.
    assert span.status.is_unset
