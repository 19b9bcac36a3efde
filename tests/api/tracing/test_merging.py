"""Traces from elsewhere, made part of those of this process."""

from __future__ import annotations

from typing import Any

import pytest

from genspan import mlflow
from genspan.mlflow.entities import SpanEvent, Trace
from support.mlflow_api import Tracing


@pytest.fixture
def remote(tracing_to: Tracing) -> Trace:
    """What a service answers."""
    with mlflow.start_span("service", span_type="AGENT") as root:
        root.set_inputs({"q": 1})
        with mlflow.start_span("lookup", attributes={"k": "v"}) as child:
            child.add_event(SpanEvent("cache miss"))
            child.set_outputs([1])
        root.set_outputs("a")
    found = mlflow.get_trace(root.trace_id)
    assert found is not None
    return found


@pytest.mark.parametrize("form", ["trace", "dict"])
def test_below_the_current_span(remote: Trace, form: str) -> None:
    with mlflow.start_span("caller") as caller:
        mlflow.add_trace(remote if form == "trace" else remote.to_dict())
    merged = mlflow.get_trace(caller.trace_id)
    assert merged is not None
    spans = {span.name: span for span in merged.data.spans}
    assert spans["service"].parent_id == caller.span_id
    assert spans["lookup"].parent_id == spans["service"].span_id
    assert spans["lookup"].outputs == [1]
    assert spans["lookup"].attributes["k"] == "v"
    assert [event.name for event in spans["lookup"].events] == ["cache miss"]
    assert spans["service"].span_type == "AGENT"
    assert spans["service"].start_time_ns == remote.data.spans[0].start_time_ns
    assert spans["service"].end_time_ns == remote.data.spans[0].end_time_ns


def test_below_a_given_span(remote: Trace) -> None:
    root = mlflow.start_span_no_context("caller")
    mlflow.add_trace(remote, target=root)  # type: ignore[arg-type]
    root.end()
    merged = mlflow.get_trace(root.trace_id)
    assert merged is not None
    assert [span.name for span in merged.data.spans][:1] != []
    assert {span.name for span in merged.data.spans} == {"caller", "service", "lookup"}


def test_as_a_trace_of_its_own(remote: Trace) -> None:
    mlflow.add_trace(remote)
    merged = mlflow.get_trace(str(mlflow.get_last_active_trace_id()))
    assert merged is not None
    assert [span.name for span in merged.data.spans] == ["Remote Trace <service>", "service", "lookup"]
    assert merged.info.trace_id != remote.info.trace_id
    assert merged.data.spans[0].outputs == "a"


@pytest.mark.parametrize("wrong", [1, {}, {"info": {}}])
def test_what_is_no_trace(tracing_to: Tracing, wrong: Any) -> None:
    with pytest.raises(mlflow.MlflowException):
        mlflow.add_trace(wrong)


def test_work_that_is_done_already(tracing_to: Tracing) -> None:
    trace_id = mlflow.log_trace(
        name="task",
        request="q",
        response={"a": 1},
        intermediate_outputs={"step": [1]},
        attributes={"k": "v"},
        tags={"t": "1"},
        start_time_ms=1_700_000_000_000,
        execution_time_ms=250,
    )
    found = mlflow.get_trace(trace_id)
    assert found is not None
    assert (found.info.timestamp_ms, found.info.execution_time_ms) == (1_700_000_000_000, 250)
    (span,) = found.data.spans
    assert (span.inputs, span.outputs, span.attributes["k"]) == ("q", {"a": 1}, "v")
    assert found.info.tags["t"] == "1"
    assert found.data.intermediate_outputs == {"step": [1]}
