"""The tables: those of the installed mlflow, made once, and left alone where we do not know them."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.sqlite import SqliteStore

Record = Callable[..., list[ReadableSpan]]


def described(path: Path) -> dict[str, Any]:
    """Everything that SQLite says of the tables, indexes, keys and triggers of a file; and the rows it began with."""
    with sqlite3.connect(path) as connection:

        def rows(query: str, *parameters: object) -> list[Any]:
            return sorted(connection.execute(query, parameters).fetchall(), key=repr)

        tables = [name for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            "columns": {table: rows("SELECT * FROM pragma_table_xinfo(?)", table) for table in tables},
            "foreign keys": {
                table: sorted(key[2:] for key in connection.execute(f'PRAGMA foreign_key_list("{table}")'))
                for table in tables
            },
            "indexes": {
                (table, name): (unique, origin, partial, rows("SELECT * FROM pragma_index_xinfo(?)", name))
                for table in tables
                for _, name, unique, origin, partial in rows(f'PRAGMA index_list("{table}")')
                if origin == "c"
            },
            "unique": {
                table: sorted(
                    [column for (column,) in connection.execute("SELECT name FROM pragma_index_info(?)", (name,))]
                    for _, name, unique, origin, _ in rows(f'PRAGMA index_list("{table}")')
                    if origin != "c"
                )
                for table in tables
            },
            # Constraints of one table come in an order that changes from run to run.
            "checks": {
                table: sorted("".join(sql.split()).strip("()").split(","))
                for table, sql in rows("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')")
            },
            "revision": rows("SELECT * FROM alembic_version"),
            "workspaces": rows("SELECT * FROM workspaces"),
            "experiments": rows("SELECT experiment_id, name, lifecycle_stage, workspace FROM experiments"),
        }


def test_a_new_file_is_what_the_installed_mlflow_makes(empty_mlflow_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    SqliteStore(f"sqlite:///{path}").write([], Experiment())

    ours, theirs = described(path), described(empty_mlflow_database)

    assert ours.keys() == theirs.keys()
    for what in ours:
        assert ours[what] == theirs[what]


def test_the_default_experiment_keeps_artifacts_beside_the_program(tmp_path: Path, client: Any) -> None:
    path = tmp_path / "deep" / "down" / "mlflow.db"

    SqliteStore(f"sqlite:///{path}").write([], Experiment())

    (experiment,) = client(path).search_experiments()
    assert (experiment.experiment_id, experiment.name) == ("0", "Default")
    assert experiment.artifact_location == str(tmp_path / "mlruns" / "0")


def test_mlflow_finds_nothing_to_migrate(tmp_path: Path, agent_spans: Record) -> None:
    path = tmp_path / "mlflow.db"
    MlflowSpanExporter(f"sqlite:///{path}").export(agent_spans())

    code = (
        "import sys, logging; from mlflow import MlflowClient;"
        "print(len(MlflowClient(tracking_uri=sys.argv[1]).search_traces(locations=['0'])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{path}"], capture_output=True, text=True, check=True, timeout=180
    )

    assert done.stdout.strip() == "1"
    assert "Creating initial" not in done.stderr
    assert "Updating database" not in done.stderr


def set_revision(path: Path, revision: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_an_unknown_revision_is_told_once_and_the_traces_wait(
    mlflow_database: Path, agent_spans: Record, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    set_revision(mlflow_database, "0123456789ab")
    untouched = mlflow_database.read_bytes()
    exporter = MlflowSpanExporter(f"sqlite:///{mlflow_database}")

    assert [exporter.export(agent_spans()) for _ in range(3)] == [SpanExportResult.SUCCESS] * 3

    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    message = told.getMessage()
    for word in (str(mlflow_database), "0123456789ab", "mlflow db upgrade", "upgrade genspan", "outbox"):
        assert word in message
    assert mlflow_database.read_bytes() == untouched

    # The file is upgraded, and a later program of any kind that writes to it brings what waited.
    set_revision(mlflow_database, "dc11669786a5")
    exporter.shutdown()
    assert len(client(mlflow_database).search_traces(locations=["0"])) == 3


def test_a_later_program_brings_what_an_earlier_one_could_not(
    mlflow_database: Path, agent_spans: Record, client: Any
) -> None:
    set_revision(mlflow_database, "0123456789ab")
    earlier = MlflowSpanExporter(f"sqlite:///{mlflow_database}", experiment_name="earlier")
    earlier.export(agent_spans(question="Before?"))
    earlier.shutdown()
    set_revision(mlflow_database, "dc11669786a5")

    later = MlflowSpanExporter(f"sqlite:///{mlflow_database}", experiment_name="later")
    later.export(agent_spans(question="After?"))

    reader = client(mlflow_database)
    for name, question in (("earlier", "Before?"), ("later", "After?")):
        experiment = reader.get_experiment_by_name(name)
        (trace,) = reader.search_traces(locations=[experiment.experiment_id])
        assert trace.info.request_preview == question


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda path: path.write_text("This is no database at all. " * 100), "not a database"),
        (lambda path: sqlite3.connect(path).execute("CREATE TABLE mine (a)"), "no finished MLflow database"),
        (lambda path: path.mkdir(), "unable to open"),
    ],
)
def test_what_is_no_mlflow_database_is_left_alone(
    damage: Callable[[Path], object], word: str, tmp_path: Path, agent_spans: Record
) -> None:
    path = tmp_path / "mlflow.db"
    damage(path)
    before = path.read_bytes() if path.is_file() else None
    store = SqliteStore(f"sqlite:///{path}")

    with pytest.raises(StoreUnavailable, match=word) as error:
        store.write([], Experiment())

    assert str(path) in str(error.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_missing_column_is_named(mlflow_database: Path) -> None:
    with sqlite3.connect(mlflow_database) as connection:
        connection.execute("ALTER TABLE trace_info RENAME COLUMN request_preview TO preview")

    with pytest.raises(StoreUnavailable, match=r"it lacks trace_info\.request_preview"):
        SqliteStore(f"sqlite:///{mlflow_database}").write([], Experiment())


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["1b5f0d9ad7c1", "b7e2c1a4d9f3"])
def test_a_file_of_an_older_mlflow_is_written_and_survives_its_upgrade(
    revision: str, own_folder: Path, agent_spans: Record, client: Any
) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base
    from sqlalchemy import create_engine

    path = own_folder / "old.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    config = _get_alembic_config(f"sqlite:///{path}")
    command.upgrade(config, revision)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)"
            " VALUES (0, 'Default', 'mlruns/0', 'active')"
        )

    exporter = MlflowSpanExporter(f"sqlite:///{path}")
    spans = agent_spans()
    for part in (spans[:1], spans[1:], spans[:2]):
        assert exporter.export(part) is SpanExportResult.SUCCESS

    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM trace_info").fetchone() == (1,)
        metadata = dict(connection.execute("SELECT key, value FROM trace_request_metadata").fetchall())
        tags = dict(connection.execute("SELECT key, value FROM trace_tags").fetchall())
    assert metadata["mlflow.trace.session"] == "s1"
    assert json.loads(metadata["mlflow.trace.tokenUsage"]) == {
        "input_tokens": 22,
        "output_tokens": 8,
        "total_tokens": 30,
    }
    assert tags["mlflow.traceName"] == "invoke_agent weather"

    command.upgrade(config, "heads")
    engine.dispose()
    (trace,) = client(path).search_traces(locations=["0"], filter_string="name = 'invoke_agent weather'")
    assert trace.info.token_usage == {"input_tokens": 22, "output_tokens": 8, "total_tokens": 30}
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s1"
    assert [span.span_type for span in trace.data.spans] == ["AGENT", "CHAT_MODEL", "TOOL", "CHAT_MODEL"]
