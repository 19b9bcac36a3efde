"""Traces of this process, read back."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from genspan import mlflow
from genspan.mlflow import dataframe, reading
from genspan.mlflow.entities import Span, Trace, TraceData, TraceInfo, TraceLocation, TraceState
from genspan.mlflow.exceptions import MlflowException
from support.mlflow_api import Tracing


def record(name: str, second: int, metadata: dict[str, str] | None = None) -> None:
    """A trace that began then: two that begin in the same millisecond have no order."""
    mlflow.start_span_no_context(name, metadata=metadata, start_time_ns=(1_790_000_000 + second) * 10**9).end()


def test_what_has_ended_is_there_at_once(tracing_to: Tracing) -> None:
    with mlflow.start_span("work") as span:
        span.set_inputs({"x": 1})
    found = mlflow.get_trace(span.trace_id)
    assert found is not None
    assert [one.inputs for one in found.data.spans] == [{"x": 1}]
    (searched,) = mlflow.search_traces(return_type="list")
    assert searched.to_dict() == found.to_dict()
    assert mlflow.get_last_active_trace_id() == searched.trace_id


def test_all_pages(tracing_to: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    for number in range(5):
        record(f"work {number}", number)
    names = [found.data.spans[0].name for found in mlflow.search_traces(return_type="list")]
    assert names == [f"work {number}" for number in (4, 3, 2, 1, 0)]
    assert len(mlflow.search_traces(return_type="list", max_results=3)) == 3


def test_sessions(tracing_to: Tracing) -> None:
    for second, session in enumerate(("a", "b", "a")):
        record("work", second, {"mlflow.trace.session": session})
    found = mlflow.search_sessions()
    assert [(session.id, len(session)) for session in found] == [("a", 2), ("b", 1)]
    assert mlflow.search_sessions(max_results=1)[0].id == "a"


def test_where_pandas_is_not_installed(tracing_to: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    with mlflow.start_span("work"):
        pass
    found: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(reading, "find_spec", lambda name: None if name == "pandas" else found(name))
    (trace,) = mlflow.search_traces()
    assert isinstance(trace, Trace)
    with pytest.raises(MlflowException, match="`pandas` library is not installed"):
        mlflow.search_traces(return_type="pandas")


def test_a_file_that_is_not_there_yet(tracing_to: Tracing) -> None:
    assert mlflow.search_traces(return_type="list") == []
    assert mlflow.get_trace("tr-" + "0" * 31 + "1", silent=True) is None


COLUMNS = {
    "root.inputs": {"q": 1, "a.b": [2]},
    "root.inputs.q": 1,
    "root.inputs.`a.b`": [2],
    "`with.dot`.outputs": "last",
    "`with.dot`.outputs.x": None,
    "nobody.outputs": None,
}


@pytest.mark.parametrize(("field", "value"), COLUMNS.items(), ids=COLUMNS)
def test_fields_of_spans(field: str, value: Any) -> None:
    def span(name: str, **attributes: str) -> Span:
        return Span(
            {
                "trace_id": "",
                "span_id": "",
                "name": name,
                "start_time_unix_nano": 0,
                "status": {"code": "OK"},
                "attributes": {f"mlflow.span{key}": text for key, text in attributes.items()},
            }
        )

    spans = [
        span("root", Inputs='{"q": 1, "a.b": [2]}'),
        span("with.dot", Outputs='"first"'),
        span("with.dot", Outputs='"last"'),
    ]
    parsed = dataframe.SpanField.parse(field)
    assert str(parsed) == field.replace("`", "")
    info = TraceInfo("tr-1", TraceLocation.from_experiment_id("0"), 0, TraceState.OK)
    assert parsed.read(Trace(info, TraceData(spans))) == value
