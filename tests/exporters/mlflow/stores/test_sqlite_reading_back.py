"""What the store writes, read by the real MLflow."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from genspan.exporters.mlflow import MlflowSpanExporter
from support.mlflow_traces import sizes

Client = Callable[[Path], Any]
Record = Callable[..., list[ReadableSpan]]


@pytest.fixture(params=["ours", "made by mlflow"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "ours":
        return tmp_path / "mlflow.db"
    return Path(request.getfixturevalue("mlflow_database"))


def test_a_trace_is_all_there(database: Path, client: Client, agent_spans: Record) -> None:
    spans = agent_spans()

    assert MlflowSpanExporter(f"sqlite:///{database}").export(spans) is SpanExportResult.SUCCESS

    (trace,) = client(database).search_traces(locations=["0"])
    info = trace.info
    root = spans[-1]
    assert info.trace_id == f"tr-{root.context.trace_id:032x}"
    assert info.state == "OK"
    assert (info.request_preview, info.response_preview) == ("Weather in Paris?", "Sunny")
    assert info.request_time == root.start_time // 1_000_000
    assert info.execution_duration == root.end_time // 1_000_000 - root.start_time // 1_000_000
    assert info.token_usage == {"input_tokens": 22, "output_tokens": 8, "total_tokens": 30}
    assert info.tags["mlflow.traceName"] == "invoke_agent weather"
    assert info.tags["service.name"] == "shop"
    assert info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert info.tags["mlflow.artifactLocation"].endswith(f"mlruns/0/traces/{info.trace_id}/artifacts")
    assert info.trace_metadata["mlflow.trace.session"] == "s1"
    assert info.trace_metadata["mlflow.trace.user"] == "mia"
    assert info.trace_metadata["mlflow.trace_schema.version"] == "3"
    stated, counted = sizes(trace)
    assert stated.pop("total_size_bytes") == pytest.approx(counted.pop("total_size_bytes"), rel=0.05)
    assert stated == counted

    by_id = {span.span_id: span for span in trace.data.spans}
    assert [span.span_type for span in trace.data.spans] == ["AGENT", "CHAT_MODEL", "TOOL", "CHAT_MODEL"]
    for span in spans:
        stored = by_id[f"{span.context.span_id:016x}"]
        assert stored.name == span.name
        assert stored.parent_id == (f"{span.parent.span_id:016x}" if span.parent else None)
        assert (stored.start_time_ns, stored.end_time_ns) == (span.start_time, span.end_time)
    chat, tool = trace.data.spans[1:3]
    assert chat.inputs["messages"] == [{"role": "user", "content": "Weather in Paris?"}]
    assert [(event.name, event.attributes) for event in chat.events] == [("gen_ai.choice", {"index": 0})]
    assert (tool.status.status_code, tool.status.description) == ("ERROR", "TimeoutError: no forecast")
    assert tool.inputs == {"city": "Paris"}
    assert tool.events[0].attributes["exception.message"] == "no forecast"


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("span.type = 'CHAT_MODEL'", True),
        ("span.type = 'RETRIEVER'", False),
        ("span.name = 'execute_tool forecast' AND span.status = 'ERROR'", True),
        ("span.attributes.`mlflow.llm.model` RLIKE '^gpt-4o$'", True),
        ("span.attributes.`mlflow.llm.model` RLIKE '^gpt-5$'", False),
        ("span.attributes.`gen_ai.tool.name` LIKE '%forecast%'", True),
        ("metadata.`mlflow.trace.session` = 's1'", True),
        ("metadata.`mlflow.trace.session` = 's2'", False),
        ("tag.`service.name` = 'shop'", True),
        ("name = 'invoke_agent weather'", True),
        ("status = 'OK'", True),
        ("status = 'ERROR'", False),
        ("trace.text LIKE '%Weather in Paris%'", True),
        ("timestamp_ms > 0 AND execution_time_ms >= 0", True),
    ],
)
def test_a_trace_is_found(filter_string: str, found: bool, client: Client, agent_spans: Record, tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    MlflowSpanExporter(f"sqlite:///{database}").export(agent_spans())

    traces = client(database).search_traces(locations=["0"], filter_string=filter_string)

    assert len(traces) == found


def test_text_of_any_script_is_found_as_it_was_typed(client: Client, agent_spans: Record, tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    MlflowSpanExporter(f"sqlite:///{database}").export(agent_spans(question="Schönes Wetter in 東京? 🌦"))

    (trace,) = client(database).search_traces(locations=["0"], filter_string="trace.text LIKE '%in 東京? 🌦%'")

    assert trace.info.request_preview == "Schönes Wetter in 東京? 🌦"


def test_rows_are_those_of_mlflows_own_store(database: Path, client: Client, agent_spans: Record) -> None:
    """MLflow's store is given the spans that it reads back, and writes them as they were."""
    from mlflow.entities import Span
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # MLflow adds the cost of a model that it knows the price of.
    MlflowSpanExporter(f"sqlite:///{database}").export(agent_spans(model="house-model"))
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        before = list(map(dict, connection.execute("SELECT * FROM spans ORDER BY span_id")))
        info = dict(connection.execute("SELECT * FROM trace_info").fetchone())
    (trace,) = client(database).search_traces(locations=["0"])
    store = SqlAlchemyStore(f"sqlite:///{database}", "mlruns")

    store.log_spans("0", [Span.from_dict(span.to_dict()) for span in trace.data.spans])

    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        after = list(map(dict, connection.execute("SELECT * FROM spans ORDER BY span_id")))
        info_after = dict(connection.execute("SELECT * FROM trace_info").fetchone())
    for ours, theirs in zip(before, after, strict=True):
        # `kind` is OTLP's and beyond what MLflow keeps.
        kind = ours["content"].index('"kind": ')
        end = ours["content"].index('"start_time_unix_nano"')
        ours["content"] = ours["content"][:kind] + ours["content"][end:]
        assert ours.pop("content") == theirs.pop("content")
        assert ours == theirs
    assert info_after.pop("db_payload_generation") == info.pop("db_payload_generation") + 1
    assert info_after == info


def test_mlflow_writes_into_our_file(client: Client, agent_spans: Record, tmp_path: Path) -> None:
    import mlflow

    database = tmp_path / "mlflow.db"
    exporter = MlflowSpanExporter(f"sqlite:///{database}", experiment_name="both")
    exporter.export(agent_spans())
    reader = client(database)
    experiment = reader.get_experiment_by_name("both")
    assert experiment.artifact_location == str(tmp_path / "mlruns" / experiment.experiment_id)

    run = reader.create_run(experiment.experiment_id)
    reader.log_metric(run.info.run_id, "loss", 0.5)
    (trace,) = reader.search_traces(locations=[experiment.experiment_id])
    reader.set_trace_tag(trace.info.trace_id, "reviewed", "yes")
    reader.link_traces_to_run([trace.info.trace_id], run.info.run_id)
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    try:
        mlflow.log_feedback(trace_id=trace.info.trace_id, name="good", value=True)
        with mlflow.start_span("theirs") as span:
            pass
        mlflow.flush_trace_async_logging()
    finally:
        mlflow.set_tracking_uri(None)
    exporter.export(agent_spans(question="And Rome?"))

    traces = {trace.info.request_preview: trace for trace in reader.search_traces(locations=[experiment.experiment_id])}
    assert traces["Weather in Paris?"].info.tags["reviewed"] == "yes"
    assert traces["Weather in Paris?"].info.assessments[0].value is True
    assert "And Rome?" in traces
    assert reader.get_trace(span.trace_id).data.spans[0].name == "theirs"
    assert [found.info.trace_id for found in reader.search_traces(locations=["1"], run_id=run.info.run_id)] == [
        trace.info.trace_id
    ]
    reader.delete_traces(experiment.experiment_id, trace_ids=[trace.info.trace_id])
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM trace_info").fetchone() == (2,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_large_attribute_is_kept_whole(client: Client, agent_spans: Record, tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    question = "long " * 2_000_000

    start = time.monotonic()
    assert (
        MlflowSpanExporter(f"sqlite:///{database}").export(agent_spans(question=question)) is SpanExportResult.SUCCESS
    )
    assert time.monotonic() - start < 10

    (trace,) = client(database).search_traces(locations=["0"])
    assert trace.data.spans[1].inputs["messages"][0]["content"] == question
    assert len(trace.info.request_preview) <= 1000


def test_odd_values_are_stored(client: Client, tracer: Any, tmp_path: Path) -> None:
    start, ended = tracer
    database = tmp_path / "mlflow.db"
    with start.start_as_current_span(
        'a "name" \\ with\nlines',
        attributes={"nul": "a\0b", "lone": "\ud800", "list": [1, 2], "float": 1.5, 'key "q"': True},
    ):
        pass

    assert MlflowSpanExporter(f"sqlite:///{database}").export(ended()) is SpanExportResult.SUCCESS

    (trace,) = client(database).search_traces(locations=["0"])
    (span,) = trace.data.spans
    assert span.name == 'a "name" \\ with\nlines'
    assert span.attributes["nul"] == "a\0b"
    assert span.attributes["lone"] == "\\ud800"
    assert (span.attributes["list"], span.attributes["float"], span.attributes['key "q"']) == ([1, 2], 1.5, True)


def test_a_link_is_kept(client: Client, tracer: Any, tmp_path: Path) -> None:
    from opentelemetry.trace import Link

    start, ended = tracer
    database = tmp_path / "mlflow.db"
    with start.start_as_current_span("cause") as cause:
        pass
    with start.start_as_current_span("effect", links=[Link(cause.get_span_context(), {"why": "retry"})]):
        pass

    MlflowSpanExporter(f"sqlite:///{database}").export(ended())

    (trace,) = client(database).search_traces(locations=["0"], filter_string="span.name = 'effect'")
    (link,) = trace.data.spans[0].links
    assert link.trace_id == f"tr-{cause.get_span_context().trace_id:032x}"
    assert link.span_id == f"{cause.get_span_context().span_id:016x}"
    assert link.attributes == {"why": "retry"}


def test_names_that_are_no_unicode_are_written_out(client: Client, tracer: Any, tmp_path: Path) -> None:
    start, ended = tracer
    database = tmp_path / "mlflow.db"
    with start.start_as_current_span("half \ud83c", attributes={"session.id": "s\udfff"}) as span:
        span.add_event("event \ud800", {"key": "\ud800"})

    assert MlflowSpanExporter(f"sqlite:///{database}").export(ended()) is SpanExportResult.SUCCESS

    (trace,) = client(database).search_traces(locations=["0"])
    assert trace.data.spans[0].name == "half \\ud83c"
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s\\udfff"
    assert trace.data.spans[0].events[0].name == "event \\ud800"
