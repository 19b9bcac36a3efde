"""MLflow's settings mean what they mean in MLflow."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.stores import Experiment, UnsupportedTrackingUri, open_store
from genspan.exporters.mlflow.stores.sqlite.store import path_of
from genspan.exporters.mlflow.tracking import Tracking


def test_nothing_set_is_a_file_in_the_current_folder() -> None:
    assert Tracking.read({}) == Tracking("sqlite:///mlflow.db", Experiment())


def test_empty_variables_are_unset() -> None:
    empty = {"MLFLOW_TRACKING_URI": "", "MLFLOW_EXPERIMENT_NAME": "", "MLFLOW_EXPERIMENT_ID": ""}

    assert Tracking.read(empty) == Tracking("sqlite:///mlflow.db", Experiment())


def test_variables_are_read() -> None:
    environ = {"MLFLOW_TRACKING_URI": "sqlite:///a.db", "MLFLOW_EXPERIMENT_NAME": "b", "MLFLOW_EXPERIMENT_ID": "3"}

    assert Tracking.read(environ) == Tracking("sqlite:///a.db", Experiment(name="b", id="3"))


def test_an_argument_replaces_its_variables() -> None:
    environ = {"MLFLOW_TRACKING_URI": "sqlite:///a.db", "MLFLOW_EXPERIMENT_NAME": "b"}

    assert Tracking.read(environ, uri="sqlite:///c.db") == Tracking("sqlite:///c.db", Experiment(name="b"))
    assert Tracking.read(environ, experiment_id="7") == Tracking("sqlite:///a.db", Experiment(id="7"))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:///mlflow.db", "{here}/mlflow.db"),
        ("sqlite:///data/mlflow.db", "{here}/data/mlflow.db"),
        ("sqlite:////srv/mlflow.db", "/srv/mlflow.db"),
        ("sqlite+pysqlite:////srv/mlflow.db?timeout=20", "/srv/mlflow.db"),
        ("sqlite:///with space & ümlaut.db", "{here}/with space & ümlaut.db"),
    ],
)
def test_paths_are_those_of_sqlalchemy(uri: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import make_url

    monkeypatch.chdir(tmp_path)
    assert path_of(uri) == path.format(here=tmp_path)
    database = make_url(uri).database
    assert database is not None
    assert path_of(uri) == str(Path(database).absolute())


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="in memory"):
        open_store(uri)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("file:///srv/mlruns", "plain files"),
        ("./mlruns", "plain files"),
        ("/srv/mlruns", "plain files"),
        ("C:\\mlruns", "plain files"),
        ("oracle://db/mlflow", "no kind"),
        ("uc:catalog", "no kind"),
    ],
)
def test_what_cannot_be_written_to_is_told_and_the_app_goes_on(
    uri: str, why: str, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))

    exporter = MlflowSpanExporter(uri)
    results = [exporter.export([]) for _ in range(3)]
    exporter.force_flush()
    exporter.shutdown()

    assert results == [SpanExportResult.FAILURE] * 3
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert repr(uri) in told.getMessage()
    assert why in told.getMessage()
    assert "sqlite:///" in told.getMessage()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("localhost:5000", "Is it http://localhost:5000? "),
        ("mlflow.example.org:8080/path", "Is it http://mlflow.example.org:8080/path? "),
        ("my traces.db", "Is it sqlite:///my traces.db? "),
        ("/var/lib/mlflow.sqlite", "Is it sqlite:////var/lib/mlflow.sqlite? "),
        (r"C:\traces\mlflow.db", r"Is it sqlite:///C:\traces\mlflow.db? "),
        ("./mlruns", ""),
        ("file:///var/lib/mlflow.db", ""),
        ("oracle://db/mlflow.db", ""),
    ],
)
def test_what_lacks_its_scheme_alone_is_asked_for(uri: str, meant: str) -> None:
    with pytest.raises(UnsupportedTrackingUri) as error:
        open_store(uri)
    assert f"so no trace goes to MLflow. {meant}Use sqlite:///" in str(error.value)


def test_a_password_is_not_told() -> None:
    with pytest.raises(UnsupportedTrackingUri) as error:
        open_store("oracle://mia:secret@db/mlflow?password=secret")

    assert "secret" not in str(error.value)
    assert "oracle://db/mlflow" in str(error.value)
