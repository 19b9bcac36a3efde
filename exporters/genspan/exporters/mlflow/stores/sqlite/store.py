"""The store for `sqlite:///…` tracking URIs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence

from genspan.exporters.mlflow import serialized
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, Rejection
from genspan.exporters.mlflow.stores.server.joining import distinct
from genspan.exporters.mlflow.stores.sqlite import schema
from genspan.exporters.mlflow.stores.sqlite.connection import Connection, refuses
from genspan.exporters.mlflow.stores.sqlite.experiments import StoredExperiment, resolve
from genspan.exporters.mlflow.stores.sqlite.schema import Layout
from genspan.exporters.mlflow.stores.sqlite.writing import write


class _Unfit(Exception):
    """Some trace cannot be written; the cause says why. What the file or the system refuses is no fault of a trace."""


class SqliteStore:
    """Writes traces into one MLflow database, made where there is none; one transaction for all that is given.

    A relative path is one in the folder that is current now, whatever the app changes to later.
    """

    def __init__(self, uri: str) -> None:
        path = path_of(uri)
        self.uri = f"sqlite:///{path}"
        self._connection = Connection(path)

    def write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Sequence[Rejection]:
        """See `Store.write`. Rejected are traces whose spans MLflow has moved elsewhere, and values out of range."""
        try:
            with self._connection.transaction() as connection:
                if schema.is_empty(connection):
                    schema.create(connection)
                layout = schema.read(connection, self._connection.path)
                target = resolve(connection, layout, experiment)
                return _write(connection, layout, target, traces)
        except _Unfit as unfit:
            if len(traces) > 1:
                return [rejection for trace in traces for rejection in self.write([trace], experiment)]
            (trace,) = traces
            if isinstance(unfit.__cause__, UnicodeError):  # SQLite's text is UTF-8; Python's may hold lone surrogates.
                well_formed = serialized.read(serialized.write(trace))
                if well_formed != trace:
                    return self.write([well_formed], experiment)
            return [Rejection(trace.trace_id, repr(unfit.__cause__))]

    def close(self) -> None:
        """See `Store.close`."""
        self._connection.close()


def path_of(uri: str) -> str:
    """The absolute path in `sqlite:///relative`, `sqlite:////absolute` or either with a `+driver` and a `?query`.

    Raises ValueError for a database in memory, which nobody could read.
    """
    path = uri.partition("://")[2].partition("?")[0].removeprefix("/")
    if path in ("", ":memory:"):
        raise ValueError(
            f"{uri} is a database in memory, which no MLflow can read: name a file, as in sqlite:///mlflow.db"
        )
    return os.path.abspath(path)


def _write(
    connection: sqlite3.Connection, layout: Layout, target: StoredExperiment, traces: Sequence[MlflowTrace]
) -> list[Rejection]:
    try:
        return write(connection, layout, target, distinct(traces))
    except Exception as error:
        if refuses(error):
            raise
        raise _Unfit from error
