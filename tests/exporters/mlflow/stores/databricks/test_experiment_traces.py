"""Traces in an experiment of a workspace: what is asked, what is there afterwards, in whatever parts they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store
from genspan.exporters.mlflow.stores.databricks import storage
from support.databricks import Answer, Databricks
from support.few_spans import chat, span, trace_id, traces

SHOP = Experiment(name="/Shared/shop")

pytestmark = pytest.mark.usefixtures("experiment")


def state(databricks: Databricks, trace: int = 1) -> str:
    info = databricks.infos[trace_id(trace)]
    return info.State.Name(info.state)


def names(databricks: Databricks, trace: int = 1) -> list[str]:
    return sorted(one["name"] for one in databricks.spans(trace_id(trace)))


def metadata(databricks: Databricks, key: str, trace: int = 1) -> Any:
    return json.loads(databricks.infos[trace_id(trace)].trace_metadata[key])


def test_a_trace_is_four_requests_once_its_experiment_is_known(databricks: Databricks) -> None:
    store = open_store("databricks")
    assert store.write(traces(span(), chat()), SHOP) == []
    databricks.requests.clear()

    store.write(traces(span(2), chat(2)), SHOP)

    id = trace_id(2)
    assert [(one.method, one.path) for one in databricks.requests] == [
        ("GET", f"/api/3.0/mlflow/traces/{id}"),
        ("POST", "/api/3.0/mlflow/traces"),
        ("GET", f"/api/2.0/mlflow/traces/{id}/credentials-for-data-upload"),
        ("PUT", f"/storage/{id}"),
    ]
    assert names(databricks, 2) == ["root", "span 2"]
    assert state(databricks, 2) == "OK"
    assert databricks.infos[id].tags["service.name"] == "shop"
    assert metadata(databricks, "mlflow.trace.tokenUsage", 2)["total_tokens"] == 15


@pytest.mark.parametrize("kind", ["AWS_PRESIGNED_URL", "GCP_SIGNED_URL", "AZURE_SAS_URI", "AZURE_ADLS_GEN2_SAS_URI"])
@pytest.mark.parametrize("chunk", [storage.CHUNK, 100])
def test_every_cloud(kind: str, chunk: int, databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "CHUNK", chunk)
    databricks.storage = kind
    store = open_store("databricks")

    store.write(traces(chat()), SHOP)
    store.write(traces(span()), SHOP)

    assert names(databricks) == ["root", "span 2"]


def test_parts_become_one_trace(databricks: Databricks) -> None:
    """Children first, the root, a late child: each by a program of its own."""
    parts = [
        (traces(chat(words="first " * 400)), "IN_PROGRESS"),
        (traces(span(), chat(id=3)), "OK"),
        (traces(chat(id=4)), "OK"),
    ]
    for part, shown in parts:
        assert open_store("databricks").write(part, SHOP) == []
        assert state(databricks) == shown

    assert names(databricks) == ["root", "span 2", "span 3", "span 4"]
    info = databricks.infos[trace_id()]
    assert metadata(databricks, "mlflow.trace.tokenUsage")["total_tokens"] == 45
    assert info.request_preview == "first " * 400
    size = metadata(databricks, "mlflow.trace.sizeStats")
    assert (size["num_spans"], size["max"]) == (4, max(len(json.dumps(one)) for one in databricks.spans(trace_id())))
    assert info.tags["mlflow.traceName"] == "root"
    assert info.execution_duration.ToMilliseconds() == 103


def test_a_part_that_comes_again_changes_nothing(databricks: Databricks) -> None:
    for part in (traces(chat()), traces(span()), traces(chat()), traces(span(), chat())):
        open_store("databricks").write(part, SHOP)

    assert names(databricks) == ["root", "span 2"]
    assert metadata(databricks, "mlflow.trace.tokenUsage")["total_tokens"] == 15
    assert state(databricks) == "OK"


def test_parts_in_one_batch(databricks: Databricks) -> None:
    open_store("databricks").write([*traces(chat()), *traces(span())], SHOP)

    assert names(databricks) == ["root", "span 2"]
    assert len(databricks.asked("/storage/")) == 1


def test_a_trace_of_a_remote_caller_ends(databricks: Databricks) -> None:
    open_store("databricks").write(traces(chat(id=3, parent=2)), SHOP)
    assert state(databricks) == "IN_PROGRESS"

    open_store("databricks").write(traces(chat(id=2, parent=1, remote=True)), SHOP)

    assert state(databricks) == "OK"
    assert names(databricks) == ["span 2", "span 3"]


def test_a_workspace_that_starts_a_trace_once(databricks: Databricks) -> None:
    databricks.restates = False
    for part in (traces(chat()), traces(span())):
        open_store("databricks").write(part, SHOP)

    assert state(databricks) == "OK"
    assert names(databricks) == ["root", "span 2"]
    assert metadata(databricks, "mlflow.trace.tokenUsage")["total_tokens"] == 15
    assert databricks.infos[trace_id()].tags["mlflow.traceName"] == "root"


def test_spans_that_cannot_be_read_are_not_written_over(databricks: Databricks) -> None:
    store = open_store("databricks")
    store.write(traces(chat()), SHOP)
    databricks.files[trace_id()] = b"<html>"

    with pytest.raises(StoreUnavailable, match="cannot be read"):
        store.write(traces(span()), SHOP)

    assert databricks.files[trace_id()] == b"<html>"


def test_previews_are_ten_times_as_long_and_metadata_is_short(databricks: Databricks) -> None:
    words = "w" * 12_000
    agent = span(mlflow__traceTag__note="n" * 5000, user__id="u" * 300)

    assert open_store("databricks").write(traces(agent, chat(words=words)), SHOP) == []

    info = databricks.infos[trace_id()]
    assert info.request_preview == "w" * 9_997 + "..."
    assert info.trace_metadata["mlflow.trace.user"] == "u" * 247 + "..."
    assert info.tags["note"] == "n" * 4093 + "..."


def test_text_that_is_not_utf_8_is_written(databricks: Databricks) -> None:
    assert open_store("databricks").write(traces(chat(words="\ud800 odd")), SHOP) == []

    assert names(databricks) == ["span 2"]


def test_one_bad_trace_does_not_take_others_with_it(databricks: Databricks) -> None:
    databricks.odd.add(trace_id(2))

    (rejection,) = open_store("databricks").write([*traces(span(2)), *traces(span(1))], SHOP)

    assert (rejection.trace_id, rejection.reason) == (trace_id(2), "too odd")
    assert names(databricks, 1) == ["root"]


def test_one_trace_that_the_workspace_fails_at(databricks: Databricks) -> None:
    """Thrice, while it takes another: together with it, alone, and once more."""
    failure = Answer(500, b'{"error_code": "INTERNAL_ERROR", "message": "oh"}')
    databricks.script(f"/traces/{trace_id(2)}/credentials-for-data-upload", *[failure] * 3)

    (rejection,) = open_store("databricks").write([*traces(span(2)), *traces(span(1))], SHOP)

    assert rejection.trace_id == trace_id(2)
    assert "oh" in rejection.reason
    assert names(databricks, 1) == ["root"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(401, b'{"error_code": "UNAUTHENTICATED", "message": "expired"}'), "refuses these credentials"),
        (Answer(403, b'{"error_code": "PERMISSION_DENIED", "message": "no"}'), "grant"),
        (Answer(429, b'{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow"}', {"Retry-After": "7"}), "slow"),
        (Answer(400, b'{"error_code": "RESOURCE_LIMIT_EXCEEDED", "message": "100000 traces"}'), "100000 traces"),
        (Answer(404, b'{"error_code": "ENDPOINT_NOT_FOUND", "message": "no API"}'), "no API"),
        (Answer(500, b"oh"), "failed: oh"),
        (Answer(503, b"<html>later"), "503"),
        (Answer(302, b"", {"Location": "/login"}), "DATABRICKS_HOST"),
        (Answer(404, b"<html>"), "DATABRICKS_HOST"),
        (Answer(200, b"<html>"), "not as MLflow does"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stage", ["get-by-name", "/api/3.0/mlflow/traces/tr-", "credentials"])
def test_what_may_pass_is_waited_for(stage: str, answer: Answer, told: str, databricks: Databricks) -> None:
    databricks.script(stage, *[answer] * 4)
    store = open_store("databricks")

    with pytest.raises(StoreUnavailable, match=told) as raised:
        store.write(traces(span()), SHOP)

    assert raised.value.retry_after == (7 if "Retry-After" in answer.headers else None)
    databricks.recover()
    assert store.write(traces(span()), SHOP) == []
    assert names(databricks) == ["root"]


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_storage_that_fails_is_waited_for_and_its_address_stays_secret(status: int, databricks: Databricks) -> None:
    databricks.script("/storage/", *[Answer(status, b"<Error>sig=upload</Error>")] * 2)
    store = open_store("databricks")

    with pytest.raises(StoreUnavailable, match=f"storage at 127.0.0.1.* {status}") as raised:
        store.write(traces(span()), SHOP)

    assert "sig" not in str(raised.value)
    databricks.recover()
    assert store.write(traces(span()), SHOP) == []


def test_storage_that_cannot_be_reached(databricks: Databricks) -> None:
    address = b'{"credential_info": {"signed_uri": "http://127.0.0.1:1/x?sig=secret", "type": "AWS_PRESIGNED_URL"}}'
    databricks.script("credentials", Answer(body=address))

    with pytest.raises(
        StoreUnavailable, match=r"storage at 127.0.0.1:1 cannot be reached: Connection refused"
    ) as raised:
        open_store("databricks").write(traces(span()), SHOP)

    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_an_experiment_is_made_by_name(databricks: Databricks) -> None:
    store = open_store("databricks")
    store.write(traces(span(1)), Experiment(name="/Users/mia@example.com/new"))
    store.write(traces(span(2)), Experiment(id="1111"))

    (made,) = [one for one in databricks.experiments.values() if one.name == "/Users/mia@example.com/new"]
    places = [databricks.infos[trace_id(n)].trace_location.mlflow_experiment.experiment_id for n in (1, 2)]
    assert places == [made.id, "1111"]


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        (Experiment(), "no default experiment.*MLFLOW_EXPERIMENT_NAME"),
        (Experiment(name="shop"), "'shop' is not.*/Users/me@example.com/shop"),
        (Experiment(id="5"), "no experiment with the id 5"),
        (Experiment(name="/Shared/shop", id="5"), "has the id 1111, not 5"),
    ],
)
def test_experiments_that_cannot_be(asked_for: Experiment, told: str, databricks: Databricks) -> None:
    with pytest.raises(StoreUnavailable, match=told):
        open_store("databricks").write(traces(span()), asked_for)

    assert databricks.infos == {}


def test_a_deleted_experiment_is_made_anew(databricks: Databricks) -> None:
    store = open_store("databricks")
    store.write(traces(span(1)), SHOP)
    del databricks.experiments["1111"]

    assert store.write(traces(span(2)), SHOP) == []

    (made,) = databricks.experiments.values()
    assert databricks.infos[trace_id(2)].trace_location.mlflow_experiment.experiment_id == made.id


def test_what_waited_for_a_new_token_is_there_when_it_comes(
    databricks: Databricks, agent_spans: Callable[..., list[ReadableSpan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the next program, which finds it in the outbox."""
    databricks.tokens = {"renewed"}
    for token in ("dapi-old", "renewed"):
        monkeypatch.setenv("DATABRICKS_TOKEN", token)
        exporter = MlflowSpanExporter("databricks", experiment_name="/Shared/shop")
        if token == "dapi-old":
            assert exporter.export(agent_spans()) == SpanExportResult.SUCCESS
        exporter.force_flush()
        exporter.shutdown()

    (id,) = databricks.files
    assert len(databricks.spans(id)) == 4


def test_by_the_exporter(
    databricks: Databricks, agent_spans: Callable[..., list[ReadableSpan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "/Shared/shop")
    exporter = MlflowSpanExporter()

    assert exporter.export(agent_spans()) == SpanExportResult.SUCCESS
    exporter.force_flush()
    exporter.shutdown()

    (id,) = databricks.files
    assert len(databricks.spans(id)) == 4
    assert databricks.infos[id].trace_metadata["mlflow.trace.session"] == "s1"
