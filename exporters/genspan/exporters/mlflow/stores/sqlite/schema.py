"""MLflow's tables: made where there are none, and looked at before anything is written to them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from genspan.exporters.mlflow.stores.contract import StoreUnavailable

KNOWN_REVISIONS: Final[dict[str, str]] = {
    "1b5f0d9ad7c1": "3.10",
    "c3d6457b6d8a": "3.11",
    "7d34483879f0": "3.12",
    "da6fb0208061": "3.13",
    "b7e4c1a90f23": "3.14",
    "6f8d9c3b2a1e": "3.15",
    "b7e2c1a4d9f3": "3.16",
    "dc11669786a5": "3.17",
    "f4a9b2c7d1e6": "3.18",
}
"""alembic revisions that may be written to, by the mlflow release that leaves a file at them.

Up to 3.17, what this store wrote has been read back by that release. 3.18 is here for its tables, which are those of
3.17. Before 3.17, session, name and tokens are rows of metadata and tags; the charts of those releases, which read
`trace_metrics` and `span_metrics`, show nothing of our traces.

An unknown revision is refused even where its columns look right: a column says nothing of what a release reads into
it, and a trace that waits in the outbox is better than one that MLflow shows wrongly.
"""

REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "experiments": frozenset({"experiment_id", "name", "artifact_location", "lifecycle_stage"}),
    "trace_info": frozenset({
        "request_id", "experiment_id", "timestamp_ms", "execution_time_ms", "status",
        "client_request_id", "request_preview", "response_preview",
    }),
    "spans": frozenset({
        "trace_id", "experiment_id", "span_id", "parent_span_id", "name", "type", "status",
        "start_time_unix_nano", "end_time_unix_nano", "content",
    }),
    "trace_tags": frozenset({"key", "value", "request_id"}),
    "trace_request_metadata": frozenset({"key", "value", "request_id"}),
}  # fmt: skip
"""What no trace can be written without."""

OPTIONAL: Final = ("assessments", "review_queue_items")
"""Tables that have changed, or come, since the oldest revision."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that are really there, by table."""

    columns: Mapping[str, frozenset[str]]

    def has(self, table: str, column: str) -> bool:
        """Whether a table of the file has that column."""
        return column in self.columns.get(table, ())


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the file has no table at all."""
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def create(connection: sqlite3.Connection) -> None:
    """Makes the tables, indexes and first rows of a new MLflow database, in the caller's transaction."""
    for statement in _statements():
        connection.execute(statement)
    now = time.time_ns() // 1_000_000
    connection.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time,"
        " last_update_time) VALUES (0, 'Default', ?, 'active', ?, ?)",
        (os.path.join(artifact_root(), "0"), now, now),
    )


def artifact_root() -> str:
    """Where artifacts of new experiments go: `mlruns` in the current folder, as with an MLflow client."""
    return os.path.abspath("mlruns")


def read(connection: sqlite3.Connection, path: str) -> Layout:
    """What the file can hold. Raises StoreUnavailable where this version must not write to it."""
    columns = _columns(connection, (*REQUIRED, *OPTIONAL, "alembic_version"))
    if not columns["alembic_version"]:
        raise StoreUnavailable(
            f"{path} is a SQLite file, but no finished MLflow database (it has no alembic_version). Point "
            "MLFLOW_TRACKING_URI at another file, or let MLflow complete it: mlflow db upgrade sqlite:///<path>."
        )
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = row[0] if row else None
    missing = sorted(
        f"{table}.{column}" for table, required in REQUIRED.items() for column in required - columns[table]
    )
    if revision not in KNOWN_REVISIONS or missing:
        raise StoreUnavailable(_refusal(path, revision, missing))
    return Layout(columns)


def _refusal(path: str, revision: str | None, missing: Collection[str]) -> str:
    known = ", ".join(f"{known} (mlflow {release})" for known, release in reversed(KNOWN_REVISIONS.items()))
    lacking = f"; it lacks {', '.join(missing)}" if missing else ""
    return (
        f"{path} has MLflow's database schema at revision {revision}, which this version of genspan does not know"
        f"{lacking}. Known: {known}. If the file is older, upgrade it (back it up first): mlflow db upgrade "
        f"sqlite:///{path}. If it is newer, upgrade genspan. Or point MLFLOW_TRACKING_URI at another file."
    )


def _columns(connection: sqlite3.Connection, tables: Sequence[str]) -> Mapping[str, frozenset[str]]:
    # One statement, of the same text each time: sqlite3 keeps it compiled, and it is run for every batch.
    found = " UNION ALL ".join(f"SELECT '{table}', name FROM pragma_table_info('{table}')" for table in tables)
    columns: dict[str, set[str]] = {table: set() for table in tables}
    for table, column in connection.execute(found):
        columns[table].add(column)
    return {table: frozenset(names) for table, names in columns.items()}


@cache
def _statements() -> tuple[str, ...]:
    return tuple(_split(files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")))


def _split(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit the caller's transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
