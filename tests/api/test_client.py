"""`MlflowClient`: traces by their ids."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from genspan import mlflow
from genspan.mlflow import MlflowClient
from support.mlflow_api import Tracing


@pytest.mark.parametrize("argument", ["trace_id", "request_id"])
def test_a_trace_by_ids_alone_from_any_thread(tracing_to: Tracing, argument: str) -> None:
    client = MlflowClient()
    trace_id = client.start_trace("root", inputs={"x": 1}, tags={"t": "1"}).trace_id
    root_id = client_root(trace_id)
    gc.collect()  # Nobody but the client holds the spans.

    def work() -> None:
        child = client.start_span("child", parent_id=root_id, inputs="in", **{argument: trace_id})
        client.end_span(span_id=child.span_id, outputs="out", **{argument: trace_id})

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    client.end_trace(outputs="done", status="ERROR", **{argument: trace_id})

    assert tracing_to.tree() == {"child": "root", "root": None}
    found = client.get_trace(**{argument: trace_id})
    assert found.info.state == "ERROR"
    assert found.info.tags["t"] == "1"
    assert [(span.name, span.inputs, span.outputs) for span in found.data.spans] == [
        ("root", {"x": 1}, "done"),
        ("child", "in", "out"),
    ]


def client_root(trace_id: str) -> str:
    from genspan.mlflow.tracing.under_way import open_root

    root = open_root(trace_id)
    assert root is not None
    return f"{root.get_span_context().span_id:016x}"


def test_two_traces_at_a_time(tracing_to: Tracing) -> None:
    client = MlflowClient()
    first, second = client.start_trace("a"), client.start_trace("b")
    assert first.trace_id != second.trace_id
    client.end_trace(second.trace_id)
    client.end_trace(first.trace_id)
    assert tracing_to.ended == ["b", "a"]


def test_a_span_below_a_fluent_one(tracing_to: Tracing) -> None:
    client = MlflowClient()
    with mlflow.start_span("root") as root:
        with pytest.raises(mlflow.MlflowException, match="under way"):
            client.start_trace("other")
        child = client.start_span("child", root.trace_id, root.span_id)
        client.end_span(root.trace_id, child.span_id)
    assert tracing_to.tree() == {"child": "root", "root": None}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda client, root: client.start_span("s", root.trace_id, None), "INVALID_PARAMETER_VALUE"),
        (lambda client, root: client.start_span("s", None, root.span_id), "INVALID_PARAMETER_VALUE"),
        (lambda client, root: client.start_span("s", root.trace_id, "f" * 16), "RESOURCE_DOES_NOT_EXIST"),
        (lambda client, root: client.start_span("s", root.trace_id, "nonsense"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda client, root: client.end_trace("tr-" + "f" * 32), "RESOURCE_DOES_NOT_EXIST"),
        (lambda client, root: client.get_trace("tr-" + "f" * 32), "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_what_is_not_there(tracing_to: Tracing, call: Any, code: str) -> None:
    client = MlflowClient()
    root = client.start_trace("root")
    with pytest.raises(mlflow.MlflowException) as raised:
        call(client, root)
    assert raised.value.error_code == code
    client.end_trace(root.trace_id)


def test_a_trace_ends_once(tracing_to: Tracing) -> None:
    client = MlflowClient()
    root = client.start_trace("root")
    client.end_trace(root.trace_id)
    with pytest.raises(mlflow.MlflowException, match="already finished"):
        client.end_trace(root.trace_id)
    client.end_span(root.trace_id, root.span_id, outputs="late")
    assert tracing_to.ended == ["root"]


def test_finds_tags_and_deletes(tracing_to: Tracing) -> None:
    client = MlflowClient()
    ids = []
    for number in range(3):
        span = client.start_trace(f"t{number}")
        client.set_trace_tag(span.trace_id, "early", "1")
        client.end_trace(span.trace_id)
        client.set_trace_tag(span.trace_id, "number", str(number))
        ids.append(span.trace_id)
    page = client.search_traces(["0"], "tags.early = '1'", max_results=2, order_by=["timestamp_ms ASC"])
    assert len(page) == 2
    rest = client.search_traces(
        ["0"], "tags.early = '1'", max_results=2, order_by=["timestamp_ms ASC"], page_token=page.token
    )
    assert [trace.info.trace_id for trace in [*page, *rest]] == ids
    client.delete_trace_tag(ids[0], "number")
    assert "number" not in client.get_trace(ids[0]).info.tags
    assert client.delete_traces("0", trace_ids=ids[:2]) == 2
    assert [trace.info.trace_id for trace in client.search_traces()] == ids[2:]


def test_switched_off(tracing_to: Tracing) -> None:
    mlflow.tracing.disable()
    client = MlflowClient()
    root = client.start_trace("root")
    child = client.start_span("child", root.trace_id, root.span_id)
    client.end_span(child.trace_id, child.span_id)
    client.end_trace(root.trace_id)
    assert not tracing_to.ended
