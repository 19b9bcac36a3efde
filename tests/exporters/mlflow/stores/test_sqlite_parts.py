"""A trace that comes in parts ends up as if it had come whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext
from opentelemetry.trace.status import Status, StatusCode

from genspan.exporters.mlflow import MlflowSpanExporter

TRACE_ID = 0x5EED
EPOCH = 1_700_000_000_000_000_000
RESOURCE = Resource({"service.name": "shop"})
Record = Callable[..., list[ReadableSpan]]


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


KINDS: list[dict[str, Any]] = [
    {},
    {"http.request.method": "POST"},
    {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.input.messages": said("user", "Hi?"),
        "gen_ai.output.messages": said("assistant", "Ho."),
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
    },
    {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": said("user", "Again?"),
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 3,
    },
    {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 90, "gen_ai.usage.output_tokens": 1},
    {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": '{"a": 1}', "gen_ai.tool.call.result": "2"},
    {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "where?"},
    {"mlflow.spanInputs": '"in"', "mlflow.spanOutputs": '{"out": 1}', "mlflow.spanType": "CHAIN"},
    {"mlflow.llm.cost": '{"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}'},
    {"mlflow.traceTag.mlflow.traceName": "asked", "mlflow.traceTag.team": "blue"},
]


@st.composite
def traces(draw: st.DrawFn) -> list[ReadableSpan]:
    """The spans of one trace: a root, one whose caller is elsewhere, or none; below it, any tree."""
    count = draw(st.integers(1, 7))
    top = draw(st.sampled_from(["root", "remote", "lost"]))
    spans = []
    for index in range(count):
        above = draw(st.integers(0, index - 1)) if index else None
        # Another entry into this process in the midst of the trace, as when a service is called twice.
        is_entry = index > 0 and top != "root" and draw(st.booleans())
        if above is None:
            parent = None if top == "root" else SpanContext(TRACE_ID, 999, is_remote=top == "remote")
        else:
            parent = SpanContext(TRACE_ID, above + 1, is_remote=is_entry)
        start = EPOCH + draw(st.integers(0, 20)) * 300_000
        spans.append(
            ReadableSpan(
                name=f"span {index}",
                context=SpanContext(TRACE_ID, index + 1, is_remote=False),
                parent=parent,
                resource=RESOURCE,
                attributes={
                    **draw(st.sampled_from(KINDS)),
                    **draw(st.sampled_from([{}, {}, {"session.id": f"s{index}"}, {"user.id": f"u{index}"}])),
                },
                start_time=start,
                end_time=start + draw(st.integers(0, 5_000_000)),
                status=Status(draw(st.sampled_from(StatusCode))),
            )
        )
    return spans


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[ReadableSpan], list[list[ReadableSpan]]]:
    """A trace, and batches that bring all of it: in any order, some spans more than once."""
    spans = draw(traces())
    order = draw(st.permutations(range(len(spans))))
    order += draw(st.lists(st.integers(0, len(spans) - 1), max_size=4))
    batches: list[list[ReadableSpan]] = [[]]
    for index in order:
        if batches[-1] and draw(st.booleans()):
            batches.append([])
        batches[-1].append(spans[index])
    return spans, batches


def delivered(path: Path, empty: Path, batches: Sequence[Sequence[ReadableSpan]]) -> dict[str, list[dict[str, Any]]]:
    shutil.copy(empty, path)
    for batch in batches:
        MlflowSpanExporter(f"sqlite:///{path}").export(batch)
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        found = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY {order}")]
            for table, order in (
                ("trace_info", "request_id"),
                ("spans", "span_id"),
                ("trace_tags", "key"),
                ("trace_request_metadata", "key"),
            )
        }
    finally:
        connection.close()
    for row in found["trace_info"]:
        del row["db_payload_generation"]
    return found


@given(deliveries())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_parts_in_any_order_any_number_of_times(
    own_folder: Path, empty_mlflow_database: Path, delivery: tuple[list[ReadableSpan], list[list[ReadableSpan]]]
) -> None:
    spans, batches = delivery

    whole = delivered(own_folder / "whole.db", empty_mlflow_database, [spans])
    parts = delivered(own_folder / "parts.db", empty_mlflow_database, batches)

    for table, rows in whole.items():
        assert parts[table] == rows


def test_a_trace_that_began_elsewhere_ends_here(client: Any, agent_spans: Record, own_folder: Path) -> None:
    """The caller's spans may never come: the entry into this process speaks for the trace."""
    *inner, entry = agent_spans()
    remote = SpanContext(entry.context.trace_id, 0xCA11E4, is_remote=True)
    entry._parent = remote
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")

    exporter.export(inner)
    reader = client(own_folder / "mlflow.db")
    (trace,) = reader.search_traces(locations=["0"])
    assert trace.info.state == "IN_PROGRESS"

    exporter.export([entry])
    (trace,) = reader.search_traces(locations=["0"])
    assert trace.info.state == "OK"
    assert trace.info.tags["mlflow.traceName"] == "invoke_agent weather"
    assert (trace.info.request_preview, trace.info.response_preview) == ("Weather in Paris?", "Sunny")

    # The caller wrote to the same file after all, and it failed.
    caller = ReadableSpan(
        name="POST /ask",
        context=SpanContext(entry.context.trace_id, 0xCA11E4, is_remote=False),
        resource=RESOURCE,
        attributes={},
        start_time=entry.start_time - 5_000_000,
        end_time=entry.end_time + 5_000_000,
        status=Status(StatusCode.ERROR),
    )
    exporter.export([caller])
    exporter.export([entry])
    (trace,) = reader.search_traces(locations=["0"])
    assert trace.info.state == "ERROR"
    assert trace.info.tags["mlflow.traceName"] == "POST /ask"
    assert trace.info.request_time == caller.start_time // 1_000_000
    assert trace.info.request_preview == "Weather in Paris?"
    assert len(trace.data.spans) == 5


def test_what_a_client_has_finalized_stays(mlflow_database: Path, agent_spans: Record, client: Any) -> None:
    """MLflow's own client states the facts of its trace; a span of ours in it adds itself, and what is not stated."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{mlflow_database}")
    try:
        with mlflow.start_span("theirs") as theirs:
            theirs.set_inputs("their question")
        mlflow.flush_trace_async_logging()
    finally:
        mlflow.set_tracking_uri(None)
    before = client(mlflow_database).get_trace(theirs.trace_id).info
    trace_id = int(theirs.trace_id.removeprefix("tr-"), 16)
    chat = agent_spans()[0]
    late = ReadableSpan(
        name="late",
        context=SpanContext(trace_id, 77, is_remote=False),
        parent=SpanContext(trace_id, int(theirs.span_id, 16), is_remote=False),
        resource=RESOURCE,
        attributes=chat.attributes,
        start_time=1,
        end_time=2,
    )

    MlflowSpanExporter(f"sqlite:///{mlflow_database}", experiment_name="another").export([late])

    after = client(mlflow_database).get_trace(theirs.trace_id)
    assert (after.info.request_time, after.info.execution_duration) == (before.request_time, before.execution_duration)
    assert after.info.request_preview == before.request_preview
    size = "mlflow.trace.sizeStats"
    assert after.info.trace_metadata[size] == before.trace_metadata[size]
    assert after.info.experiment_id == before.experiment_id
    assert after.info.token_usage == {"input_tokens": 11, "output_tokens": 4, "total_tokens": 15}
    assert {span.name for span in after.data.spans} == {"theirs", "late"}


def test_a_tag_that_a_person_changed_stays(client: Any, agent_spans: Record, own_folder: Path) -> None:
    *inner, root = agent_spans()
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export([root])
    reader = client(own_folder / "mlflow.db")
    trace_id = f"tr-{root.context.trace_id:032x}"
    reader.set_trace_tag(trace_id, "service.name", "renamed")

    exporter.export(inner)

    assert reader.get_trace(trace_id).info.tags["service.name"] == "renamed"


def test_a_trace_that_mlflow_archived_is_refused_and_holds_up_no_other(
    agent_spans: Record, own_folder: Path, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    *archived_inner, archived_root = agent_spans(question="Old?")
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export([archived_root])
    with sqlite3.connect("mlflow.db") as connection:
        connection.execute("UPDATE trace_tags SET value = 'ARCHIVE_REPO' WHERE key = 'mlflow.trace.spansLocation'")
        connection.execute("UPDATE spans SET content = ''")

    result = exporter.export([*archived_inner, *agent_spans(question="New?")])

    assert result.name == "FAILURE"
    assert f"tr-{archived_root.context.trace_id:032x}" in caplog.text
    (found,) = client(own_folder / "mlflow.db").search_traces(locations=["0"], filter_string="trace.text LIKE '%New?%'")
    assert len(found.data.spans) == 4
    with sqlite3.connect("mlflow.db") as connection:
        assert connection.execute("SELECT count(*) FROM spans").fetchone() == (5,)
