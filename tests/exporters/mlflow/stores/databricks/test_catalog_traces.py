"""Traces in tables of Unity Catalog: which ones, what is sent, and what is said of a trace that comes in parts."""

from __future__ import annotations

import gzip
import json
import logging
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store
from genspan.exporters.mlflow.stores.databricks import location
from genspan.exporters.mlflow.stores.databricks.recent_parts import RecentParts
from genspan.exporters.mlflow.tracking import Tracking
from support.databricks import Answer, Databricks
from support.few_spans import chat, span, trace_id, traces

SHOP = Experiment(name="/Shared/shop")
PLACE, TABLE = "main.agents.shop", "main.agents.shop_otel_spans"


@pytest.fixture
def linked(databricks: Databricks) -> Databricks:
    """A workspace whose experiment is linked to tables."""
    databricks.link(databricks.add_experiment("/Shared/shop"), PLACE, TABLE)
    return databricks


def names(databricks: Databricks, table: str = TABLE) -> list[str]:
    return [one.name for one, _ in databricks.tables[table]]


def info(databricks: Databricks, trace: int = 1, place: str = PLACE) -> Any:
    return databricks.catalog_infos[place, f"{trace:032x}"]


def usage(databricks: Databricks, trace: int = 1) -> int:
    total: int = json.loads(info(databricks, trace).trace_metadata["mlflow.trace.tokenUsage"])["total_tokens"]
    return total


def test_spans_go_by_otlp_and_facts_beside_them(linked: Databricks) -> None:
    store = open_store("databricks")
    store.write(traces(span(), chat()), SHOP)
    linked.requests.clear()

    assert store.write([*traces(span(2), chat(2)), *traces(span(3))], SHOP) == []

    spans, *facts = linked.requests
    assert spans.path == "/api/2.0/otel/v1/traces"
    assert spans.headers["x-databricks-uc-table-name"] == TABLE
    assert spans.headers["content-encoding"] == "gzip"
    assert sorted(one.path for one in facts) == [f"/api/4.0/mlflow/traces/{PLACE}/{n:032x}/info" for n in (2, 3)]
    assert linked.infos == linked.files == {}

    message = ExportTraceServiceRequest.FromString(gzip.decompress(spans.body))
    root, call = message.resource_spans[0].scope_spans[0].spans
    sent = {pair.key: pair.value for pair in call.attributes}
    assert sent["mlflow.traceRequestId"].string_value == f"trace:/{PLACE}/{2:032x}"
    assert sent["mlflow.spanType"].string_value == "CHAT_MODEL"
    assert sent["gen_ai.usage.input_tokens"].int_value == 10
    assert sent["mlflow.spanInputs"].kvlist_value.values[0].key == "messages"
    assert {pair.key: pair.value.string_value for pair in message.resource_spans[0].resource.attributes} == {
        "service.name": "shop"
    }
    assert root.name == "root"


def test_facts_are_of_schema_4(linked: Databricks) -> None:
    open_store("databricks").write(traces(span(), chat(words="w" * 12_000)), SHOP)

    stated = info(linked)
    assert stated.trace_location.uc_table_prefix.spans_table_name == TABLE
    assert stated.trace_metadata["mlflow.trace_schema.version"] == "4"
    assert stated.request_preview == "w" * 9_997 + "..."
    assert stated.tags["mlflow.traceName"] == "root"
    assert usage(linked) == 15


def test_parts_of_one_program_make_one_statement(linked: Databricks) -> None:
    store = open_store("databricks")
    store.write(traces(chat(words="first " * 400)), SHOP)
    assert linked.catalog_infos == {}

    store.write(traces(span()), SHOP)
    assert (usage(linked), info(linked).request_preview) == (15, "first " * 400)

    store.write(traces(chat(id=3)), SHOP)
    assert usage(linked) == 30
    size = json.loads(info(linked).trace_metadata["mlflow.trace.sizeStats"])
    assert size["num_spans"] == 3
    assert size["max"] > len("first " * 400) > size["p50"]
    assert info(linked).tags["service.name"] == "shop"
    assert names(linked) == ["span 2", "root", "span 3"]


def test_a_batch_that_comes_again_is_counted_once(linked: Databricks) -> None:
    store = open_store("databricks")
    linked.script("/info", Answer(503))
    with pytest.raises(StoreUnavailable):
        store.write(traces(span(), chat()), SHOP)

    store.write(traces(span(), chat()), SHOP)

    assert usage(linked) == 15


def test_what_is_remembered_is_bounded() -> None:
    recent = RecentParts(limit=20_000)
    for number in range(1, 101):
        recent.join(traces(chat(number, words="w" * 5_000))[0])

    (of_the_last,) = traces(span(100))
    (of_the_first,) = traces(span(1))
    assert len(recent.join(of_the_last).spans) == 2
    assert len(recent.join(of_the_first).spans) == 1
    assert 0 < sum(size for _, size in recent._traces.values()) == recent._size <= 20_000


def test_a_statement_that_is_there_already(linked: Databricks) -> None:
    linked.script("/info", Answer(409, b'{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "there"}'))

    assert open_store("databricks").write(traces(span()), SHOP) == []


def test_a_schema_of_the_environment(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no experiment, and turns any other tracking URI of the environment into Databricks'."""
    table = "main.agents.mlflow_experiment_trace_otel_spans"
    databricks.tables[table] = []
    monkeypatch.setenv("MLFLOW_TRACING_DESTINATION", "main.agents")
    tracking = Tracking.read({"MLFLOW_TRACING_DESTINATION": "main.agents", "MLFLOW_TRACKING_URI": "http://other"})

    store = open_store(tracking.uri)
    assert store.write(traces(span()), tracking.experiment) == []

    assert store.uri == f"{databricks.url}#main.agents"
    assert names(databricks, table) == ["root"]
    place = info(databricks, place="main.agents").trace_location.uc_schema
    assert (place.otel_spans_table_name, place.otel_logs_table_name) == (
        "mlflow_experiment_trace_otel_spans",
        "mlflow_experiment_trace_otel_logs",
    )


def test_an_experiment_of_the_environment() -> None:
    environ = {"MLFLOW_TRACING_DESTINATION": "1111", "MLFLOW_EXPERIMENT_NAME": "/other"}

    assert Tracking.read(environ).experiment == Experiment(id="1111")
    assert Tracking.read(environ, experiment_name="/mine").experiment == Experiment(name="/mine")
    assert Tracking.read({"MLFLOW_TRACING_DESTINATION": "a.b"}, uri="sqlite:///x.db").uri == "sqlite:///x.db"


@pytest.mark.parametrize("path", ["main.agents.shop", "main.", "a.b.c.d", "."])
def test_destinations_that_cannot_be(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACING_DESTINATION", path)

    with pytest.raises(ValueError, match="MLFLOW_TRACING_DESTINATION"):
        open_store("databricks")


@pytest.mark.parametrize(
    ("tags", "table"),
    [
        ({location.DESTINATION_TAG: "a.b.c", location.SPANS_TABLE_TAG: "a.b.spans"}, "a.b.spans"),
        ({location.DESTINATION_TAG: "a.b.c", location.SPANS_TABLE_TAG: "spans"}, "a.b.spans"),
        ({location.DESTINATION_TAG: "a.b.c"}, "a.b.c_otel_spans"),
        ({location.DESTINATION_TAG: "a.b"}, "a.b.mlflow_experiment_trace_otel_spans"),
        ({location.DESTINATION_TAG: "a"}, None),
        ({}, None),
    ],
)
def test_the_table_of_an_experiment(tags: dict[str, str], table: str | None) -> None:
    found = location.of_experiment({"tags": [{"key": key, "value": value} for key, value in tags.items()]})

    assert (found and found.spans_table) == table


@pytest.mark.parametrize("status", [400, 415])
def test_a_workspace_that_knows_no_gzip(status: int, linked: Databricks) -> None:
    linked.status_of_gzip = status
    store = open_store("databricks")

    assert store.write(traces(span(1)), SHOP) == []
    assert store.write(traces(span(2)), SHOP) == []

    assert [one.headers.get("content-encoding") for one in linked.asked("/otel/")] == ["gzip", None, None]
    assert names(linked) == ["root", "root"]


def test_a_table_that_is_not_there_is_waited_for(linked: Databricks) -> None:
    del linked.tables[TABLE]

    with pytest.raises(StoreUnavailable, match=f"no table {TABLE}"):
        open_store("databricks").write(traces(span()), SHOP)


def test_one_bad_trace_does_not_take_others_with_it(linked: Databricks) -> None:
    linked.odd.add(trace_id(2))

    (rejection,) = open_store("databricks").write([*traces(span(2)), *traces(span(1))], SHOP)

    assert (rejection.trace_id, rejection.reason) == (trace_id(2), "too odd")
    assert names(linked) == ["root"]
    assert list(linked.catalog_infos) == [(PLACE, f"{1:032x}")]


def test_spans_that_the_table_does_not_take_are_told(linked: Databricks, caplog: pytest.LogCaptureFixture) -> None:
    partial = ExportTracePartialSuccess(rejected_spans=1, error_message="too wide")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    linked.script("/otel/", Answer(body=body))

    assert open_store("databricks").write(traces(span()), SHOP) == []

    (told,) = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert told == f"1 spans are lost: {TABLE} takes them not: too wide"
    assert len(linked.asked("/otel/")) == 1


@pytest.mark.parametrize(
    "answer", [Answer(401), Answer(403), Answer(429), Answer(500, b"oh"), Answer(503), Answer(404)], ids=str
)
@pytest.mark.parametrize("stage", ["/otel/", "/info"])
def test_what_may_pass_is_waited_for(stage: str, answer: Answer, linked: Databricks) -> None:
    linked.script(stage, *[answer] * 4)
    store = open_store("databricks")

    with pytest.raises(StoreUnavailable):
        store.write(traces(span()), SHOP)

    linked.recover()
    assert store.write(traces(span()), SHOP) == []
    assert names(linked)[-1] == info(linked).tags["mlflow.traceName"] == "root"


def test_text_that_is_not_utf_8_is_written(linked: Databricks) -> None:
    assert open_store("databricks").write(traces(chat(words="\ud800 odd"), span()), SHOP) == []

    assert names(linked) == ["span 2", "root"]
