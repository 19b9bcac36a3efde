"""Metrics and events of every operation, as they reach a collector: names, attributes, exemplars, ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from metric_tables import MEASURED, Measured
from opentelemetry.sdk.trace import ReadableSpan

from genspan.instrumentation.core.measuring import SCOPE
from support import every_operation
from support.collector import Collector, collector
from support.conventions import event_faults, metric_faults
from support.environments import Unavailable
from support.rotel import rotel

BOTH, LATEST, OLDER = "", "latest", "1.37"
INFERENCE = {"chat", "text_completion", "generate_content"}
OF_THEIR_OWN = {
    "gen_ai.invoke_agent.": "invoke_agent",
    "gen_ai.execute_tool.": "execute_tool",
    "gen_ai.invoke_workflow.": "invoke_workflow",
}
"""Metrics of one operation, which have no attribute that names it."""


@pytest.fixture(scope="module", params=[BOTH, LATEST, OLDER], ids=["both", LATEST, OLDER])
def sent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Collector]:
    """The value of `GENSPAN_SEMCONV`, and all that a run of the program sent."""
    with collector() as otlp:
        given = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
            "GENSPAN_SEMCONV": request.param,
        }
        every_operation.run(tmp_path_factory.mktemp("app"), given)
    return request.param, otlp


def operation_of(metric: str, attributes: Any) -> str:
    """The operation that a point of a metric is of."""
    owned = (operation for prefix, operation in OF_THEIR_OWN.items() if metric.startswith(prefix))
    return next(owned, None) or attributes["gen_ai.operation.name"]


def names(row: Measured, semconv: str) -> set[str]:
    """The metrics that an operation is to have."""
    chosen = {BOTH: row.latest + row.older, LATEST: row.latest, OLDER: row.older}[semconv]
    return {metric.name for metric in chosen}


def test_each_operation_has_the_metrics_that_the_page_says(sent: tuple[str, Collector]) -> None:
    semconv, otlp = sent
    found: dict[str, set[str]] = {}
    for metric in otlp.metrics:
        for point in metric.data.data_points:
            found.setdefault(operation_of(metric.name, point.attributes), set()).add(metric.name)
    expected = {row.operation: names(row, semconv) for row in MEASURED}
    # Nobody streams the older completions or says what they took out of a cache.
    expected["text_completion"] = {
        name
        for name in expected["text_completion"]
        if not any(part in name for part in ("chunk", "cache", "reasoning"))
    }
    assert found == expected
    assert {span.attributes["gen_ai.operation.name"] for span in otlp.spans if span.attributes} == expected.keys()


def test_they_are_as_the_conventions_say(sent: tuple[str, Collector]) -> None:
    _, otlp = sent
    assert [fault for metric in otlp.metrics for fault in metric_faults(metric)] == []
    assert {metric.description for metric in otlp.metrics} & {"", None} == set()
    assert [fault for event in otlp.events for fault in event_faults(event)] == []


def test_every_point_has_exemplars_of_its_own_operations_spans(sent: tuple[str, Collector]) -> None:
    _, otlp = sent
    spans = {(span.context.trace_id, span.context.span_id): span for span in otlp.spans if span.context}
    seen = 0
    for metric in otlp.metrics:
        for point in metric.data.data_points:
            assert point.exemplars, (metric.name, point.attributes)
            for exemplar in point.exemplars:
                span = spans[exemplar.trace_id, exemplar.span_id]
                recorded = span.attributes or {}
                assert recorded["gen_ai.operation.name"] == operation_of(metric.name, point.attributes)
                shared = {name: point.attributes[name] for name in point.attributes if name in recorded}
                assert shared.items() <= recorded.items()
                assert_value(metric.name, exemplar.value, span)
                seen += 1
    assert seen > 30


def assert_value(metric: str, value: float, span: ReadableSpan) -> None:
    """A duration is that of the span, without the time that it takes to begin and end it; tokens are its own."""
    if metric.endswith(".duration"):
        assert span.start_time is not None
        assert span.end_time is not None
        assert 0 < value <= (span.end_time - span.start_time) / 1e9 + 0.001
    if metric.endswith("operation.input_tokens"):
        assert value == (span.attributes or {})["gen_ai.usage.input_tokens"]


def test_events_are_of_the_span_that_they_are_about(sent: tuple[str, Collector]) -> None:
    _, otlp = sent
    told: dict[str, set[tuple[int, int]]] = {}
    for event in otlp.events:
        record = event.log_record
        assert record.trace_id
        assert record.span_id
        told.setdefault(record.event_name or "", set()).add((record.trace_id, record.span_id))
    inferences, failures = set(), set()
    for span in otlp.spans:
        assert span.context is not None
        ids = (span.context.trace_id, span.context.span_id)
        if (span.attributes or {})["gen_ai.operation.name"] in INFERENCE:
            inferences.add(ids)
        if "error.type" in (span.attributes or {}):
            failures.add(ids)
    assert told == {
        "gen_ai.client.inference.operation.details": inferences,
        "gen_ai.client.operation.exception": failures,
    }
    assert len(failures) == 2


def test_one_meter(sent: tuple[str, Collector]) -> None:
    _, otlp = sent
    assert set(otlp.meters) == {SCOPE}


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_through_a_collector_in_rust(protocol: str, tmp_path: Path) -> None:
    """What passes a collector of another make is what was sent to it: points, exemplars and the ids of events."""
    with collector() as end:
        try:
            with rotel(end.url, tmp_path) as between:
                given = {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": between.grpc if protocol == "grpc" else between.http,
                    "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                    "OTEL_TRACES_EXPORTER": "otlp",
                    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
                }
                every_operation.run(tmp_path, given)
        except Unavailable as why:
            pytest.skip(str(why))
    for check in (
        test_each_operation_has_the_metrics_that_the_page_says,
        test_they_are_as_the_conventions_say,
        test_every_point_has_exemplars_of_its_own_operations_spans,
        test_events_are_of_the_span_that_they_are_about,
    ):
        check((BOTH, end))
