"""Feedback on what this process traces: while it is under way, just after its end, and where nothing is recorded."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from genspan import mlflow
from genspan.mlflow.entities import Trace
from genspan.mlflow.exceptions import MlflowException
from support.mlflow_api import Tracing
from support.ports import free_port


def stored(trace_id: str) -> Trace:
    for thread in threading.enumerate():
        if thread.name == "genspan-mlflow-ended":
            thread.join(10)
    found = mlflow.get_trace(trace_id)
    assert found is not None
    return found


def test_just_after_the_end(tracing_to: Tracing) -> None:
    with mlflow.start_span("work") as span:
        pass
    given = mlflow.log_feedback(trace_id=span.trace_id, name="good", value=True)
    assert given.assessment_id
    assert [one.value for one in stored(span.trace_id).search_assessments("good")] == [True]


def test_while_it_is_under_way(tracing_to: Tracing) -> None:
    with mlflow.start_span("work") as span:
        with mlflow.start_span("inner"):
            given = mlflow.log_feedback(trace_id=span.trace_id, name="good", value=1)
        assert given.assessment_id is None
        mlflow.log_expectation(trace_id=span.trace_id, name="wanted", value=[1])
    found = stored(span.trace_id)
    assert [one.value for one in found.search_assessments("good")] == [1]
    assert [one.value for one in found.search_assessments("wanted")] == [[1]]


def test_tags_while_it_is_under_way(tracing_to: Tracing) -> None:
    with mlflow.start_span("work") as span:
        mlflow.set_trace_tag(span.trace_id, "kept", "yes")
        mlflow.set_trace_tag(span.trace_id, "lost", "no")
        mlflow.delete_trace_tag(span.trace_id, "lost")
        with pytest.raises(MlflowException, match="Tag with key other not found"):
            mlflow.delete_trace_tag(span.trace_id, "other")
    mlflow.set_trace_tag(span.trace_id, "late", "yes")
    tags = stored(span.trace_id).info.tags
    assert (tags["kept"], tags["late"], "lost" in tags) == ("yes", "yes", False)


def test_of_what_nobody_records(tracing_to: Tracing) -> None:
    mlflow.tracing.disable()
    with mlflow.start_span("work") as span:
        given = mlflow.log_feedback(trace_id=span.trace_id, value=1)
    assert given.trace_id == span.trace_id
    assert given.assessment_id is None


def test_of_a_trace_that_is_not_there(tracing_to: Tracing) -> None:
    with mlflow.start_span("work"):
        pass
    with pytest.raises(MlflowException) as raised:
        mlflow.log_feedback(trace_id="tr-" + "0" * 32, value=1)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize("value", [float("nan"), object(), {1: 2}])
def test_a_value_that_cannot_be_stored(tracing_to: Tracing, value: Any) -> None:
    with mlflow.start_span("work") as span, pytest.raises(MlflowException) as raised:
        mlflow.log_feedback(trace_id=span.trace_id, name="odd", value=value)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert not stored(span.trace_id).info.assessments


def test_what_is_not_stored_late_is_told_of(
    tracing_to: Tracing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with mlflow.start_span("work") as span, monkeypatch.context() as elsewhere:
        elsewhere.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
        mlflow.log_feedback(trace_id=span.trace_id, name="lost", value=1)
    stored(span.trace_id)
    assert "Assessment 'lost' of trace" in caplog.text
    assert "cannot be reached" in caplog.text
