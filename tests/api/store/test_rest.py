"""What goes to a server, and what becomes of its answers, whatever they are."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from genspan.mlflow.entities import Expectation, Feedback, Trace
from genspan.mlflow.exceptions import MlflowException, RestException
from genspan.mlflow.store import open_store
from genspan.mlflow.store.rest import otlp
from genspan.mlflow.store.rest.store import RestTraceStore
from support.ports import free_port
from support.scripted_server import Answer, Body, Disconnect, Json, Request, ScriptedServer


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither of the user's settings nor of the user's files."""
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def store(server: ScriptedServer) -> RestTraceStore:
    return RestTraceStore(f"http://127.0.0.1:{server.port}/")


def query(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.path).query)


def path(request: Request) -> str:
    return urlsplit(request.path).path


def info(number: int, where: str = "TRACKING_STORE") -> dict[str, Any]:
    return {
        "trace_id": f"tr-{number:032x}",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}},
        "request_time": "2026-11-20T13:00:00.5Z",
        "execution_duration": "1.5s",
        "state": "OK",
        "tags": {"mlflow.trace.spansLocation": where},
        "of a later version": 1,
    }


def message(number: int, **more: Any) -> dict[str, Any]:
    return {
        "trace_id": b64encode(number.to_bytes(16, "big")).decode(),
        "span_id": b64encode((1).to_bytes(8, "big")).decode(),
        "name": f"span of {number}",
        "start_time_unix_nano": 5,
        **more,
    }


def found(*numbers: int) -> Body:
    return Json({"traces": [{"trace_info": info(number), "spans": [message(number)]} for number in numbers]})


def test_a_search(server: ScriptedServer, store: RestTraceStore) -> None:
    server.script(Json({"traces": [info(1)], "next_page_token": "next"}), found(1))
    page = store.search_traces(
        experiment_ids=["7", "8"],
        filter_string="status = 'OK'",
        max_results=5,
        order_by=["timestamp DESC"],
        page_token="this",
    )
    search, read = server.requests
    assert (search.method, path(search)) == ("POST", "/api/3.0/mlflow/traces/search")
    assert search.json() == {
        "locations": [
            {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}},
            {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "8"}},
        ],
        "filter": "status = 'OK'",
        "max_results": 5,
        "order_by": ["timestamp DESC"],
        "page_token": "this",
    }
    assert (path(read), query(read)) == ("/api/3.0/mlflow/traces/batchGet", {"trace_ids": [page[0].trace_id]})
    assert page.token == "next"
    assert (page[0].info.request_time, page[0].info.execution_duration) == (1_795_179_600_500, 1500)
    assert [span.name for span in page[0].data.spans] == ["span of 1"]


def test_the_last_page_of_nothing(server: ScriptedServer, store: RestTraceStore) -> None:
    server.script(Json({}))
    page = store.search_traces(experiment_ids=["7"])
    assert (list(page), page.token, len(server.requests)) == ([], None, 1)


def test_spans_are_asked_for_in_batches_and_traces_keep_their_order(
    server: ScriptedServer, store: RestTraceStore
) -> None:
    numbers = [*range(25, 0, -1)]
    # Each batch is answered with all, in another order, and one trace is gone.
    server.script(Json({"traces": [info(number) for number in numbers]}), found(*range(2, 26)))
    page = store.search_traces(experiment_ids=["7"])
    assert [trace.trace_id for trace in page] == [f"tr-{number:032x}" for number in numbers[:-1]]
    assert sorted(len(query(request)["trace_ids"]) for request in server.requests[1:]) == [5, 10, 10]


def test_spans_in_a_file(server: ScriptedServer, store: RestTraceStore) -> None:
    content = {
        "trace_id": b64encode(bytes(15) + b"\1").decode(),
        "span_id": b64encode(bytes(7) + b"\2").decode(),
        "parent_span_id": None,
        "name": "old",
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 2,
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {"mlflow.traceRequestId": '"tr-1"'},
        "events": [{"name": "e", "time_unix_nano": 1, "attributes": {"x": float("nan")}}],
    }
    file = Body(json.dumps({"spans": [content]}).encode(), content_type="application/octet-stream")
    server.script(Json({"error_code": "INTERNAL_ERROR", "message": "no"}, 500), Json(trace(1, "ARTIFACT_REPO")), file)
    assert [span.name for span in store.get_trace("tr-1").data.spans] == ["old"]
    assert query(server.requests[-1]) == {"request_id": [f"tr-{1:032x}"]}

    server.script(Json({"traces": [info(1, "ARTIFACT_REPO")]}), file)
    (of_search,) = store.search_traces(experiment_ids=["7"])
    assert [span.name for span in of_search.data.spans] == ["old"]


@pytest.mark.parametrize(
    "answer", [Json({"error_code": "NOT_FOUND", "message": "lost"}, 404), Body(b"no JSON"), Json({})]
)
def test_one_file_that_cannot_be_read_leaves_the_others(
    server: ScriptedServer, store: RestTraceStore, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    server.script(Json({"traces": [info(1, "ARTIFACT_REPO"), info(2)]}), found(2), answer)
    assert [trace.trace_id for trace in store.search_traces(experiment_ids=["7"])][-1:] == [f"tr-{2:032x}"]


def trace(number: int, where: str) -> dict[str, Any]:
    return {"trace": {"trace_info": info(number, where)}}


def test_a_run_is_looked_up_first(server: ScriptedServer, store: RestTraceStore) -> None:
    server.script(Json({"run": {"info": {"experiment_id": "7"}}}), Json({}))
    store.search_traces(experiment_ids=["7"], run_id="r1", filter_string="status = 'OK'")
    assert query(server.requests[0]) == {"run_id": ["r1"]}
    assert server.requests[1].json()["filter"] == "status = 'OK' AND attribute.run_id = 'r1'"

    server.script(Json({"run": {"info": {"experiment_id": "7"}}}))
    with pytest.raises(MlflowException, match="already part of the filter"):
        store.search_traces(experiment_ids=["7"], run_id="r1", filter_string="metadata.`mlflow.sourceRun` = 'r2'")


def test_many_traces_are_deleted_in_parts(server: ScriptedServer, store: RestTraceStore) -> None:
    server.script(Json({"traces_deleted": 100}), Json({"traces_deleted": 100}), Json({"traces_deleted": 7}))
    assert store.delete_traces("7", trace_ids=[f"tr-{number}" for number in range(250)]) == 207
    assert [len(request.json()["request_ids"]) for request in server.requests] == [100, 100, 50]


def test_ids_are_quoted(server: ScriptedServer, store: RestTraceStore) -> None:
    server.script(Json({}))
    store.delete_assessment("tr-1/../../x?", "a 1#")
    assert server.requests[0].path == "/api/3.0/mlflow/traces/tr-1%2F..%2F..%2Fx%3F/assessments/a%201%23"


def test_an_assessment_is_of_one_kind(store: RestTraceStore) -> None:
    with pytest.raises(MlflowException, match="Exactly one"):
        store.update_assessment("tr-1", "a-1", expectation=Expectation("e", 1), feedback=Feedback("f", 1))


ASK: dict[str, Callable[[RestTraceStore], Any]] = {
    "get": lambda store: store.get_trace("tr-1"),
    "search": lambda store: store.search_traces(experiment_ids=["7"], run_id="r1"),
    "tag": lambda store: store.delete_trace_tag("tr-1", "key"),
    "experiment": lambda store: store.get_experiment_by_name("shop"),
    "assessment": lambda store: store.create_assessment(Feedback(trace_id="tr-1", value=1)),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_refusals_have_the_servers_code_and_words(
    server: ScriptedServer, store: RestTraceStore, ask: Callable[[RestTraceStore], Any]
) -> None:
    server.script(Json({"error_code": "INVALID_PARAMETER_VALUE", "message": "no such thing"}, 400))
    with pytest.raises(RestException) as raised:
        ask(store)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert raised.value.message == "INVALID_PARAMETER_VALUE: no such thing"
    assert raised.value.get_http_status_code() == 400


TROUBLE: dict[str, tuple[Answer, str, str]] = {
    "no credentials": (Body(b"who?", 401, "text/plain"), "TEMPORARILY_UNAVAILABLE", "MLFLOW_TRACKING_USERNAME"),
    "busy": (
        Json({"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "later"}, 429),
        "TEMPORARILY_UNAVAILABLE",
        "later",
    ),
    "failed": (Json({"error_code": "INTERNAL_ERROR", "message": "broken"}, 500), "INTERNAL_ERROR", "broken"),
    "another server": (Body(b"<html>hello", 200, "text/html"), "TEMPORARILY_UNAVAILABLE", "not as MLflow does"),
    "no server of MLflow's": (Body(b"<html>", 404, "text/html"), "TEMPORARILY_UNAVAILABLE", "MLFLOW_TRACKING_URI"),
    "silence": (Disconnect(), "TEMPORARILY_UNAVAILABLE", "cannot be reached"),
    "another version": (Json({"experiment": {"id": 7}}), "INTERNAL_ERROR", "cannot be understood"),
}


@pytest.mark.parametrize(("answer", "code", "words"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_is_told_of(
    server: ScriptedServer, store: RestTraceStore, answer: Answer, code: str, words: str
) -> None:
    server.script(answer)
    with pytest.raises(MlflowException, match=words) as raised:
        store.get_experiment("7")
    assert raised.value.error_code == code


def test_where_nobody_listens() -> None:
    with pytest.raises(MlflowException, match="cannot be reached") as raised:
        open_store(f"http://127.0.0.1:{free_port()}").get_trace("tr-1")
    assert raised.value.error_code == "TEMPORARILY_UNAVAILABLE"


def test_credentials_that_are_set_after_a_refusal_are_used(
    server: ScriptedServer, store: RestTraceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(Body(b"who?", 401), Json({}))
    with pytest.raises(MlflowException):
        store.search_traces(experiment_ids=["7"])
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    store.search_traces(experiment_ids=["7"])
    assert dict(server.requests[1].headers)["Authorization"] == "Bearer secret"


def test_stores_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_store("http://a:1") is open_store("http://a:1")
    assert open_store("http://a:1") is not open_store("http://a:2")
    here = open_store("sqlite:///mlflow.db")
    assert open_store("sqlite:///mlflow.db") is here
    monkeypatch.chdir(tmp_path.parent)
    assert open_store("sqlite:///mlflow.db") is not here


@pytest.mark.parametrize("uri", ["postgresql://me:secret@host/db", "./mlruns", "file:///mlruns", "ftp://host", ""])
def test_places_that_cannot_be_read(uri: str) -> None:
    with pytest.raises(MlflowException, match="genspan cannot read traces") as raised:
        open_store(uri)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "secret" not in raised.value.message


VALUES: list[tuple[dict[str, Any], Any]] = [
    ({"string_value": "5"}, "5"),
    ({"int_value": "9007199254740993"}, 9007199254740993),
    ({"int_value": 5}, 5),
    ({"double_value": 5}, 5.0),
    ({"double_value": "Infinity"}, float("inf")),
    ({"bool_value": False}, False),
    ({"array_value": {}}, []),
    ({"array_value": {"values": [{}, {"string_value": ""}]}}, [None, ""]),
    ({"kvlist_value": {"values": [{"key": "a", "value": {"kvlist_value": {}}}, {"key": "b"}]}}, {"a": {}, "b": None}),
    ({}, None),
]


@pytest.mark.parametrize(("value", "meant"), VALUES)
def test_values_of_attributes(value: dict[str, Any], meant: Any) -> None:
    span = otlp.span(message(1, attributes=[{"key": "k", "value": value}]))
    assert span.get_attribute("k") == meant
    assert type(span.get_attribute("k")) is type(meant)


def test_a_span_of_which_little_is_known() -> None:
    span = otlp.span(message(1))
    assert span.trace_id == f"tr-{1:032x}"
    assert (span.status.status_code.value, span.end_time_ns, span.parent_id) == ("UNSET", None, None)
    assert Trace.from_dict({"info": info(1), "data": {"spans": [span.to_dict()]}}).data.spans[0].name == "span of 1"
