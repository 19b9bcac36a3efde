"""Traces written to a real MLflow server, read back by MLflow's client and beside those of the SQLite store."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store
from genspan.exporters.mlflow.stores.server.store import ServerStore
from genspan.exporters.mlflow.translate import translate
from support.mlflow_process import MlflowServer
from support.mlflow_traces import NOT_KEPT, SECOND, START, chat, export, facts, get, new_id, of_sqlite, span

pytestmark = pytest.mark.slow

Record = Callable[..., list[ReadableSpan]]


@pytest.fixture(scope="module")
def server(empty_mlflow_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("server")
    server = MlflowServer(Path(shutil.copy(empty_mlflow_database, folder / "server.db")))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def mlflow(server: MlflowServer) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=server.url)


@pytest.fixture
def store(server: MlflowServer) -> Iterator[ServerStore]:
    store = ServerStore(server.url)
    yield store
    store.close()


def test_a_trace_is_the_one_that_the_sqlite_store_writes(
    server: MlflowServer, mlflow: Any, agent_spans: Record, tmp_path: Path
) -> None:
    spans = agent_spans(model="house-model")
    trace = spans[-1].context.trace_id

    export(server.url, spans)

    read = facts(get(mlflow, trace))
    assert read["info"]["state"] == "OK"
    assert (read["info"]["request_preview"], read["info"]["response_preview"]) == ("Weather in Paris?", "Sunny")
    assert len(read["data"]["spans"]) == 4
    assert read == of_sqlite(tmp_path, trace, spans)


def every_kind_of_value(trace: int) -> ReadableSpan:
    return span(
        trace,
        name="odd \ud800 ünd 東京",
        kind=SpanKind.CLIENT,
        status=Status(StatusCode.ERROR, "no \udfff luck"),
        attributes={
            "text": "plain",
            "text of JSON": '{"a": [1, "b"]}',
            "text of a list": "[1]",
            "text of text": '"quoted"',
            "text of a number": "1",
            "text like JSON": '{"a": ',
            "text after a space": ' "x" ',
            "lone surrogate": "\ud800",
            "empty": "",
            "true": True,
            "integer": -7,
            "longest integer": 2**63 - 1,
            "float": 1.5,
            "whole float": 2.0,
            "small": 1e-30,
            "texts": ["a", '"b"'],
            "numbers": [1, 2],
            "no values": [],
            "mlflow.spanType": "TOOL",
            "mlflow.spanInputs": '{"query": "{}"}',
            "mlflow.spanOutputs": '"[1]"',
            "mlflow.traceTag.colour": "blue",
            "mlflow.traceTag.mlflow.traceName": "asked for",
            "mlflow.sourceRun": "run-1",
            "session.id": "s1",
            "user.id": "mia",
        },
        events=[Event("one", {"index": 0, "share": 0.5, "texts": ["a"], "yes": True}, START + 5)],
        links=[Link(SpanContext(2**127, 2**63, is_remote=True), {"why": "caused"})],
    )


def test_values_of_every_kind_arrive_as_they_are(server: MlflowServer, mlflow: Any, tmp_path: Path) -> None:
    trace = new_id()
    spans = [every_kind_of_value(trace)]

    export(server.url, spans)

    assert facts(get(mlflow, trace)) == of_sqlite(tmp_path, trace, spans)


def test_the_rows_are_those_of_the_sqlite_store(server: MlflowServer, agent_spans: Record, tmp_path: Path) -> None:
    """Text search looks at the rows, so they must agree to the letter."""
    spans = [*agent_spans(model="house-model"), every_kind_of_value(new_id())]
    ours = tmp_path / "ours.db"
    export(server.url, spans)
    export(f"sqlite:///{ours}", spans)

    def rows(file: Path) -> list[dict[str, Any]]:
        ids = tuple({f"tr-{one.context.trace_id:032x}" for one in spans})
        with sqlite3.connect(file) as connection:
            connection.row_factory = sqlite3.Row
            query = "SELECT * FROM spans WHERE trace_id IN (?, ?) ORDER BY trace_id, span_id"
            found = [dict(row) for row in connection.execute(query, ids)]
        connection.close()
        for row in found:
            row["content"] = json.loads(row["content"])
            for key in NOT_KEPT:
                row["content"].pop(key, None)
        return found

    assert rows(server.file) == rows(ours)
    assert len(rows(ours)) == 5


def test_names_and_sessions_may_be_of_any_length(server: MlflowServer, mlflow: Any) -> None:
    trace = new_id()
    attributes = {"session.id": "s" * 300, "user.id": "u" * 9000, "mlflow.traceTag.mlflow.traceName": "n" * 5000}

    export(server.url, [span(trace, attributes=attributes)])

    info = get(mlflow, trace).info
    assert len(info.trace_metadata["mlflow.trace.session"]) == 250
    assert set(info.trace_metadata["mlflow.trace.user"]) == {"u"}
    assert len(info.tags["mlflow.traceName"]) == 4096


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("span.type = 'CHAT_MODEL'", True),
        ("span.type = 'RETRIEVER'", False),
        ("span.name = 'execute_tool forecast' AND span.status = 'ERROR'", True),
        ("span.attributes.`mlflow.llm.model` RLIKE '^house-model$'", True),
        ("metadata.`mlflow.trace.user` = 'mia'", True),
        ("tag.`service.name` = 'shop'", True),
        ("name = 'invoke_agent weather'", True),
        ("status = 'OK'", True),
        ("trace.text LIKE '%Wetter in 東京%'", True),
    ],
)
def test_a_trace_is_found(
    filter_string: str, found: bool, server: MlflowServer, mlflow: Any, agent_spans: Record
) -> None:
    session = uuid.uuid4().hex
    export(server.url, agent_spans(question="Wetter in 東京?", session=session, model="house-model"))

    of_this_test = f"metadata.`mlflow.trace.session` = '{session}'"
    traces = mlflow.search_traces(locations=["0"], filter_string=f"{of_this_test} AND {filter_string}")

    assert len(traces) == found


def parts_of_a_trace(trace: int) -> list[ReadableSpan]:
    return [
        span(trace, 1, name="root", end=9, attributes=chat("Question?", "Answer.")),
        span(trace, 2, 1, start=1, end=2, attributes={**chat("a", "b", 3), "session.id": "s1"}),
        span(trace, 3, 1, start=3, end=12, attributes={**chat("c", "d", 5), "user.id": "mia"}),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_parts_come_in_any_order(order: tuple[int, ...], server: MlflowServer, mlflow: Any, tmp_path: Path) -> None:
    trace = new_id()
    spans = parts_of_a_trace(trace)

    export(server.url, *([spans[index]] for index in order))

    read = facts(get(mlflow, trace))
    assert read == of_sqlite(tmp_path, trace, spans)
    assert read["info"]["execution_duration_ms"] == 12_000
    assert json.loads(read["info"]["trace_metadata"]["mlflow.trace.tokenUsage"])["total_tokens"] == 16


def test_the_same_spans_twice_are_the_same_trace(server: MlflowServer, mlflow: Any, tmp_path: Path) -> None:
    trace = new_id()
    spans = parts_of_a_trace(trace)

    export(server.url, spans)
    once = facts(get(mlflow, trace))
    export(server.url, [*spans, *spans], spans[1:2])

    assert facts(get(mlflow, trace)) == once


def test_an_answer_that_is_lost_leaves_the_trace_as_it_is(
    server: MlflowServer, mlflow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server has written all, the exporter does not know, and sends it again."""
    trace = new_id()
    spans = parts_of_a_trace(trace)
    write = ServerStore.write

    def write_and_lose(*given: Any) -> Any:
        write(*given)
        monkeypatch.setattr(ServerStore, "write", write)
        raise ConnectionResetError

    monkeypatch.setattr(ServerStore, "write", write_and_lose)

    export(server.url, spans)

    assert facts(get(mlflow, trace)) == of_sqlite(tmp_path, trace, spans)


def test_a_trace_without_its_root_is_in_progress(server: MlflowServer, mlflow: Any) -> None:
    trace = new_id()

    export(server.url, parts_of_a_trace(trace)[1:])

    info = get(mlflow, trace).info
    assert info.state == "IN_PROGRESS"
    assert info.tags["service.name"] == "shop"
    assert info.trace_metadata["mlflow.trace.session"] == "s1"
    assert info.token_usage["total_tokens"] == 16


def test_a_trace_whose_caller_is_elsewhere_is_finished(server: MlflowServer, mlflow: Any, tmp_path: Path) -> None:
    trace = new_id()
    served = [
        span(trace, 3, 2, start=1, end=2, attributes=chat("Question?", "Answer.", 3)),
        span(trace, 2, 7, is_remote=True, start=1, end=3, name="serve"),
    ]
    late = [span(trace, 4, 2, start=2, end=4, attributes=chat("And?", "So.", 5))]

    export(server.url, served)

    info = get(mlflow, trace).info
    assert (info.state, info.tags["mlflow.traceName"]) == ("OK", "serve")
    assert (info.request_preview, info.response_preview) == ("Question?", "Answer.")

    export(server.url, late)

    read = facts(get(mlflow, trace))
    assert read == of_sqlite(tmp_path, trace, served, late)
    assert (read["info"]["tags"]["mlflow.traceName"], read["info"]["execution_duration_ms"]) == ("serve", 3000)


def test_the_true_root_speaks_for_a_trace_of_several_services(
    server: MlflowServer, mlflow: Any, tmp_path: Path
) -> None:
    trace = new_id()
    served = [span(trace, 2, 1, is_remote=True, start=1, end=2, service="stock", attributes=chat("a", "b", 3))]
    called = [span(trace, 1, end=3, name="order", attributes=chat("Question?", "Answer."))]

    export(server.url, served, called)

    read = facts(get(mlflow, trace))
    assert read == of_sqlite(tmp_path, trace, served, called)
    assert (read["info"]["tags"]["mlflow.traceName"], read["info"]["tags"]["service.name"]) == ("order", "shop")
    assert read["info"]["request_preview"] == "Question?"


def test_what_a_user_changed_stays_when_late_spans_come(server: MlflowServer, mlflow: Any) -> None:
    trace = new_id()
    root, *late = parts_of_a_trace(trace)
    export(server.url, [root])
    mlflow.set_trace_tag(f"tr-{trace:032x}", "service.name", "renamed")

    export(server.url, late)

    info = get(mlflow, trace).info
    assert info.tags["service.name"] == "renamed"
    assert (info.state, info.token_usage["total_tokens"], info.execution_duration) == ("OK", 16, 12_000)


def test_costs_that_the_server_knows_are_added_up(server: MlflowServer, mlflow: Any) -> None:
    trace = new_id()
    asked = chat("a", "b", 1000, model="gpt-4o")
    spans = [span(trace, 1, end=9), span(trace, 2, 1, attributes=asked), span(trace, 3, 1, attributes=asked)]

    export(server.url, spans[:2])
    first = get(mlflow, trace).info.cost["total_cost"]
    export(server.url, spans[2:])

    assert first > 0
    assert get(mlflow, trace).info.cost["total_cost"] == pytest.approx(2 * first)


def test_a_span_without_an_end_does_not_end_in_1970(server: MlflowServer, mlflow: Any) -> None:
    trace = new_id()

    export(server.url, [span(trace, end=None)])

    read = get(mlflow, trace)
    assert read.data.spans[0].end_time_ns == START
    assert read.info.execution_duration in (None, 0)


def test_an_experiment_is_made_by_name_or_found_by_id(server: MlflowServer, mlflow: Any) -> None:
    first, second, name = new_id(), new_id(), f"checkout {uuid.uuid4().hex}"

    MlflowSpanExporter(server.url, experiment_name=name).export([span(first)])
    id = mlflow.get_experiment_by_name(name).experiment_id
    MlflowSpanExporter(server.url, experiment_id=id).export([span(second)])

    assert {get(mlflow, trace).info.experiment_id for trace in (first, second)} == {id}


def test_a_trace_stays_in_its_experiment(server: MlflowServer, mlflow: Any) -> None:
    trace = new_id()
    root, *late = parts_of_a_trace(trace)
    export(server.url, [root])

    MlflowSpanExporter(server.url, experiment_name=f"other {uuid.uuid4().hex}").export(late)

    read = get(mlflow, trace)
    assert (read.info.experiment_id, len(read.data.spans)) == ("0", 3)


def test_experiments_that_cannot_be_are_told(store: ServerStore, mlflow: Any) -> None:
    name = f"gone {uuid.uuid4().hex}"
    id = mlflow.create_experiment(name)
    (trace,) = assemble([translate(span(new_id()))], {})
    assert not store.write([trace], Experiment(name=name))
    mlflow.delete_experiment(id)

    for experiment, told in (
        (Experiment(id="999"), "no experiment with the id 999"),
        (Experiment(name="Default", id="7"), "has the id 0, not 7"),
        (Experiment(name=name), "has been deleted"),
        (Experiment(id=id), "has been deleted"),
    ):
        with pytest.raises(StoreUnavailable, match=told):
            store.write([trace], experiment)


def test_traces_that_cannot_be_taken_take_no_others_with_them(
    store: ServerStore, server: MlflowServer, mlflow: Any
) -> None:
    """A time before 1970 has no place in OTLP, one too far ahead makes the server fail, and moved spans are refused."""
    before, after, moved, *fine = (new_id() for _ in range(6))
    export(server.url, [span(moved)])
    with sqlite3.connect(server.file) as connection:
        connection.execute(
            "UPDATE trace_tags SET value = 'ARCHIVE_REPO' WHERE request_id = ? AND key = 'mlflow.trace.spansLocation'",
            (f"tr-{moved:032x}",),
        )
    connection.close()
    spans = [
        span(fine[0]),
        span(before, start=-START / SECOND - 1),
        span(fine[1]),
        span(after, start=(2**63 - START) / SECOND + 1, end=(2**63 - START) / SECOND + 2),
        span(moved, 2),
        span(fine[2]),
    ]
    traces = assemble([translate(one) for one in spans], {})

    rejections = store.write(traces, Experiment())

    assert {one.trace_id for one in rejections} == {f"tr-{trace:032x}" for trace in (before, after, moved)}
    assert all(one.reason for one in rejections)
    assert all(get(mlflow, trace).info.state == "OK" for trace in fine)


def test_a_trace_alone_that_the_server_fails_at_waits(store: ServerStore) -> None:
    """It may be the server's fault; beside others, it will show."""
    (trace,) = assemble([translate(span(new_id(), end=(2**63 - START) / SECOND + 2))], {})

    with pytest.raises(StoreUnavailable, match="failed"):
        store.write([trace], Experiment())


def test_thousands_of_spans_and_long_texts(server: MlflowServer, mlflow: Any) -> None:
    many, long = new_id(), new_id()
    text = "lorem ipsum " * 400_000

    export(
        server.url,
        [span(many), *(span(many, number, 1) for number in range(2, 3001))],
        [span(long, attributes=chat(text, "So.")), span(new_id(), attributes=chat(text * 4, "So."))],
    )

    assert len(get(mlflow, many).data.spans) == 3000
    assert get(mlflow, long).data.spans[0].inputs["messages"][0]["content"] == text


def test_a_child_process_has_a_connection_of_its_own(store: ServerStore, mlflow: Any) -> None:
    import os

    trace, of_child = new_id(), new_id()
    store.write(assemble([translate(span(trace))], {}), Experiment())
    if (child := os.fork()) == 0:
        try:
            store.write(assemble([translate(span(of_child))], {}), Experiment())
        finally:
            os._exit(0)
    store.write(assemble([translate(span(trace, 2, 1))], {}), Experiment())
    os.waitpid(child, 0)

    assert len(get(mlflow, trace).data.spans) == 2
    assert get(mlflow, of_child).info.state == "OK"


def test_a_connection_that_nobody_used_for_a_while_is_opened_anew(store: ServerStore) -> None:
    """MLflow's server closes it after five seconds."""
    store.write(assemble([translate(span(new_id()))], {}), Experiment())
    time.sleep(5.5)

    assert not store.write(assemble([translate(span(new_id()))], {}), Experiment())


def test_its_scheme_chooses_the_store() -> None:
    assert isinstance(open_store("http://127.0.0.1:1"), ServerStore)
    assert isinstance(open_store("https://mlflow.example/prefix/"), ServerStore)
