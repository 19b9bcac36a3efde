"""The facts of whole traces."""

import json
from typing import Any

import pytest

from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
MILLISECOND = 1_000_000


def span(span_id: str, parent: str | None = None, *, start: int = 0, end: int | None = 10, **facts: Any) -> MlflowSpan:
    """A span whose times are in milliseconds."""
    defaults: dict[str, Any] = {
        "trace_id": TRACE_ID,
        "name": f"span {span_id}",
        "kind": "SPAN_KIND_INTERNAL",
        "status_code": "STATUS_CODE_UNSET",
        "status_message": "",
        "type": None,
        "attributes": {},
    }
    return MlflowSpan(
        span_id=span_id,
        parent_span_id=parent,
        start_time_unix_nano=start * MILLISECOND,
        end_time_unix_nano=None if end is None else end * MILLISECOND,
        **{**defaults, **facts},
    )


def assembled(*spans: MlflowSpan, **resource: object) -> MlflowTrace:
    (trace,) = assemble(spans, resource)
    return trace


def test_a_whole_trace() -> None:
    child = span("b", "a", start=1005, end=1200, user_id="ada", usage=TokenUsage(1, 2, 3), cost=Cost(0.1, 0.2, 0.3))
    root = span(
        "a",
        start=1000,
        end=1250,
        name="ask",
        session_id="s-1",
        request_preview="Why?",
        response_preview="Because.",
        attributes={"mlflow.spanInputs": json.dumps("Why?" * 100), "mlflow.spanOutputs": '"Because."'},
        trace_tags={"team": "blue"},
        trace_metadata={"mlflow.sourceRun": "run-1"},
    )
    resource = {
        "service.name": "shop",
        "service.replicas": 2,
        "process.command_args": ["python", "app.py"],
        "telemetry.sdk.name": "opentelemetry",
        "mlflow.trace.spansLocation": "not yours to set",
        "team": "red",
        "long": "x" * 9000,
        "k" * 251: "v",
    }

    assert assemble([child, root], resource, {"mlflow.user": "deploy"}) == [
        MlflowTrace(
            trace_id=f"tr-{TRACE_ID}",
            spans=[child, root],
            request_time=1000,
            execution_duration=250,
            state="OK",
            name="ask",
            request_preview="Why?",
            response_preview="Because.",
            session_id="s-1",
            usage=TokenUsage(1, 2, 3),
            cost=Cost(0.1, 0.2, 0.3),
            tags={
                "service.name": "shop",
                "service.replicas": "2",
                "process.command_args": '["python","app.py"]',
                "team": "blue",
                "long": "x" * 7997 + "...",
                "mlflow.traceName": "ask",
            },
            metadata={
                "mlflow.trace_schema.version": "3",
                "mlflow.user": "deploy",
                "mlflow.trace.user": "ada",
                "mlflow.sourceRun": "run-1",
                "mlflow.traceInputs": json.dumps("Why?" * 100)[:247] + "...",
                "mlflow.traceOutputs": '"Because."',
            },
        )
    ]


def test_traces_are_told_apart_in_the_order_of_their_appearance() -> None:
    one, two, more = span("a", trace_id="1" * 32), span("b", trace_id="2" * 32), span("c", "a", trace_id="1" * 32)
    assert [(trace.trace_id, trace.spans) for trace in assemble([one, two, more], {})] == [
        ("tr-" + "1" * 32, [one, more]),
        ("tr-" + "2" * 32, [two]),
    ]
    assert assemble([], {}) == []


@pytest.mark.parametrize(
    ("spans", "state", "name"),
    [
        ([span("a")], "OK", "span a"),
        ([span("a", status_code="STATUS_CODE_OK")], "OK", "span a"),
        ([span("a", status_code="STATUS_CODE_ERROR")], "ERROR", "span a"),
        ([span("a"), span("b", "a", status_code="STATUS_CODE_ERROR")], "OK", "span a"),
        ([span("b", "a")], "IN_PROGRESS", None),
        ([span("b", "elsewhere", has_remote_parent=True)], "OK", "span b"),
        (
            [
                span("c", "elsewhere", has_remote_parent=True, start=2, status_code="STATUS_CODE_ERROR"),
                span("b", "elsewhere", has_remote_parent=True, start=1),
            ],
            "OK",
            "span b",
        ),
        (
            [
                span("b", "a", has_remote_parent=True, start=1),
                span("a", start=5, status_code="STATUS_CODE_ERROR"),
            ],
            "ERROR",
            "span a",
        ),
    ],
    ids=[
        "unset",
        "ok",
        "failed",
        "child failed",
        "no root",
        "remote parent",
        "first of two remote",
        "root after remote",
    ],
)
def test_the_root_gives_state_and_name(spans: list[MlflowSpan], state: str, name: str | None) -> None:
    trace = assembled(*spans)
    assert (trace.state, trace.name) == (state, name)


def test_a_name_asked_for_wins_from_any_span() -> None:
    assert assembled(span("a"), span("b", "a", trace_name="nightly")).name == "nightly"


def test_times_come_from_all_spans_and_an_unended_trace_has_no_duration() -> None:
    late = assembled(span("a", start=100, end=200), span("b", "a", start=90, end=300))
    assert (late.request_time, late.execution_duration) == (90, 210)
    assert assembled(span("a", start=5, end=None)).execution_duration is None


class TestPreviews:
    def test_a_silent_root_borrows_from_the_spans_nearest_to_it(self) -> None:
        trace = assembled(
            span("root", name="POST /ask"),
            span("middle", "root", start=1),
            span("second", "middle", start=5, request_preview="second?", response_preview="second!"),
            span("first", "middle", start=2, request_preview="first?", response_preview="first!"),
            span("inner", "first", start=3, request_preview="inner?", response_preview="inner!"),
        )
        assert (trace.request_preview, trace.response_preview) == ("first?", "second!")

    def test_a_root_that_failed_before_it_answered_borrows_no_answer(self) -> None:
        trace = assembled(span("a", request_preview="Why?"), span("b", "a", response_preview="inner!"))
        assert (trace.request_preview, trace.response_preview) == ("Why?", None)

    def test_without_a_root_the_topmost_spans_speak(self) -> None:
        trace = assembled(span("b", "a", request_preview="Why?"), span("c", "b", request_preview="inner?"))
        assert trace.request_preview == "Why?"

    def test_spans_that_are_each_others_parents_say_nothing(self) -> None:
        assert assembled(span("a", "b", request_preview="x"), span("b", "a", usage=TokenUsage(1))).usage is not None


def test_an_ancestors_usage_replaces_its_descendants() -> None:
    trace = assembled(
        span("root"),
        span("agent", "root", usage=TokenUsage(10, 5, 15), cost=Cost(1, 1, 2)),
        span("call", "agent", usage=TokenUsage(10, 5, 15, cache_read_input_tokens=3)),
        span("other", "root", usage=TokenUsage(input_tokens=1, total_tokens=1), cost=Cost(1, 0, 1)),
    )
    assert trace.usage == TokenUsage(11, 5, 16)
    assert trace.cost == Cost(2, 1, 3)


def test_nothing_counted_is_no_total() -> None:
    assert (assembled(span("a")).usage, assembled(span("a")).cost) == (None, None)
