"""Traces in a Databricks workspace, read by genspan and by MLflow's own client."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.sdk.trace import ReadableSpan

from genspan.mlflow import reading
from genspan.mlflow.entities import Feedback
from genspan.mlflow.exceptions import MlflowException
from genspan.mlflow.store import open_store
from genspan.mlflow.store.contract import TraceStore
from support.databricks import TOKEN, Answer, Databricks
from support.mlflow_traces import chat, export, new_id, span

EXPERIMENT, LINKED = "1111", "2222"
PLACE, TABLE = "main.agents.shop", "main.agents.shop_otel_spans"


@pytest.fixture
def databricks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Databricks]:
    for name in os.environ:
        if name.startswith(("DATABRICKS_", "ARM_", "GOOGLE_", "MLFLOW_TRACKING_", "MLFLOW_TRACING_", "MLFLOW_HTTP_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    with Databricks() as databricks:
        monkeypatch.setenv("DATABRICKS_HOST", databricks.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        monkeypatch.setattr("genspan.mlflow.store._opened", {})
        databricks.add_experiment("/Shared/shop", id=EXPERIMENT)
        databricks.link(databricks.add_experiment("/Shared/linked", id=LINKED), PLACE, TABLE)
        yield databricks


@pytest.fixture
def store(databricks: Databricks) -> TraceStore:
    return open_store("databricks")


def written(monkeypatch: pytest.MonkeyPatch, experiment_id: str) -> int:
    """A trace of genspan's exporter, by OpenTelemetry's id."""
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment_id)
    trace = new_id()
    spans: list[ReadableSpan] = [
        span(trace, 2, 1, name="model", attributes=chat("q", "a", tokens=3), start=0.1),
        span(trace, 1, name="root", attributes={"mlflow.spanType": "AGENT", "n": 3}, end=2),
    ]
    export("databricks", spans)
    return trace


def read(trace: Any) -> dict[str, Any]:
    whole: dict[str, Any] = trace.to_dict()
    for one in whole["data"]["spans"]:
        one["attributes"] = {key: json.loads(text) for key, text in one["attributes"].items()}
        one.pop("kind", None)
    return whole


@pytest.mark.slow
@pytest.mark.parametrize("experiment_id", [EXPERIMENT, LINKED])
def test_a_trace_is_the_one_that_mlflow_reads(
    databricks: Databricks, store: TraceStore, monkeypatch: pytest.MonkeyPatch, experiment_id: str
) -> None:
    from mlflow.tracing.client import TracingClient

    trace = written(monkeypatch, experiment_id)
    trace_id = f"tr-{trace:032x}" if experiment_id == EXPERIMENT else f"trace:/{PLACE}/{trace:032x}"
    own, real = store.get_trace(trace_id), TracingClient("databricks").get_trace(trace_id)
    assert read(own) == read(real)
    assert own.trace_id == trace_id == own.data.spans[0].trace_id
    assert {one.name for one in own.data.spans} == {"root", "model"}


def test_by_the_destination_of_the_process(
    databricks: Databricks, store: TraceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    databricks.tables["main.agents.mlflow_experiment_trace_otel_spans"] = []
    monkeypatch.setenv("MLFLOW_TRACING_DESTINATION", "main.agents")
    trace = written(monkeypatch, EXPERIMENT)
    assert store.get_trace(f"tr-{trace:032x}").trace_id == f"trace:/main.agents/{trace:032x}"


def test_by_the_experiment_of_the_process(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks")
    for experiment_id, prefix in ((LINKED, f"trace:/{PLACE}/"), (EXPERIMENT, "tr-")):
        trace = written(monkeypatch, experiment_id)
        found = reading.get_trace(f"tr-{trace:032x}")
        assert found is not None
        assert found.trace_id == f"{prefix}{trace:032x}"
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID")
    assert reading.get_trace(f"tr-{trace:032x}") is not None


def test_a_search_of_experiments(databricks: Databricks, store: TraceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    trace_id = f"tr-{written(monkeypatch, EXPERIMENT):032x}"
    info = MessageToDict(databricks.infos[trace_id], preserving_proto_field_name=True)
    page = {"traces": [info, info | {"trace_id": "tr-lost"}]}
    databricks.script("/api/3.0/mlflow/traces/search", Answer(body=json.dumps(page).encode()))
    (found,) = store.search_traces(experiment_ids=[EXPERIMENT], filter_string="status = 'OK'")
    assert found.trace_id == trace_id
    assert {one.name for one in found.data.spans} == {"root", "model"}
    assert databricks.asked("/traces/search")[0].json()["filter"] == "status = 'OK'"


def test_a_search_of_tables(databricks: Databricks, store: TraceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACING_SQL_WAREHOUSE_ID", "w1")
    monkeypatch.setattr("genspan.mlflow.store.rest.databricks._POLL", 0)
    trace = written(monkeypatch, LINKED)
    info = json.loads(databricks.asked("/info", "POST")[0].body)
    done = {"name": "o1", "done": True, "response": {"trace_infos": [info], "next_page_token": "next"}}
    databricks.script("/search-long-running", Answer(body=b'{"name": "o1"}'))
    databricks.script("/operations/o1", Answer(body=b'{"name": "o1"}'), Answer(body=json.dumps(done).encode()))
    page = store.search_traces(experiment_ids=[PLACE], max_results=7)
    assert [one.trace_id for one in page] == [f"trace:/{PLACE}/{trace:032x}"]
    assert {one.name for one in page[0].data.spans} == {"root", "model"}
    assert page.token == "next"
    asked = databricks.asked("/search-long-running")[0].json()
    assert (asked["sql_warehouse_id"], asked["max_results"]) == ("w1", 7)
    assert asked["locations"][0]["uc_table_prefix"]["table_prefix"] == "shop"

    failed = {"name": "o1", "done": True, "error": {"error_code": "BAD_REQUEST", "message": "no warehouse"}}
    databricks.script("/search-long-running", Answer(body=json.dumps(failed).encode()))
    with pytest.raises(MlflowException, match="no warehouse") as raised:
        store.search_traces(experiment_ids=[PLACE])
    assert raised.value.error_code == "BAD_REQUEST"


def test_a_trace_that_is_not_there(databricks: Databricks, store: TraceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_GET_TRACE_OTEL_RETRY_TIMEOUT_SECONDS", "0.1")
    for trace_id, code in ((f"tr-{1:032x}", "RESOURCE_DOES_NOT_EXIST"), (f"trace:/{PLACE}/{1:032x}", "NOT_FOUND")):
        with pytest.raises(MlflowException) as raised:
            store.get_trace(trace_id)
        assert raised.value.error_code == code
    assert len(databricks.asked("/batchGet")) == 2


def test_what_cannot_be_done_in_tables_yet(store: TraceStore) -> None:
    located = f"trace:/{PLACE}/{1:032x}"
    for ask in (
        lambda: store.set_trace_tag(located, "key", "value"),
        lambda: store.create_assessment(Feedback(trace_id=located, value=1)),
    ):
        with pytest.raises(MlflowException, match="Unity Catalog") as raised:
            ask()
        assert raised.value.error_code == "NOT_IMPLEMENTED"
