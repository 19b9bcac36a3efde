"""The file: read by many at a time, written by one, and never made by looking at it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from weakref import WeakSet

from genspan.exporters.mlflow.stores import StoreUnavailable
from genspan.exporters.mlflow.stores.sqlite import schema
from genspan.exporters.mlflow.stores.sqlite.connection import Connection
from genspan.exporters.mlflow.stores.sqlite.schema import Layout
from genspan.exporters.mlflow.stores.sqlite.store import path_of
from genspan.mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException

PATIENCE: Final = 20.0
"""Seconds to wait for another's lock, as MLflow's own client does (3.17.2); longer than an export, which can wait."""


@dataclass(frozen=True, slots=True)
class Database:
    """A file under one transaction."""

    connection: sqlite3.Connection
    layout: Layout


class DatabaseFile:
    """Transactions on the file of a tracking URI, from any thread, before and after a fork.

    Each raises MlflowException: TEMPORARILY_UNAVAILABLE where the file cannot be read or written, is locked for longer
    than PATIENCE, or has tables that this version does not know.
    """

    def __init__(self, uri: str) -> None:
        try:
            self._path = path_of(uri)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(error) from error
        self._writer = Connection(self._path, PATIENCE)
        self._reader = Connection(self._path, PATIENCE)
        self._unlock()
        _files.add(self)

    def _unlock(self) -> None:
        """Locks that nobody holds: those of a forked child's parent may be held for ever."""
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        """One reads at a time: SQLite (3.40) lets a process that reads begin to read again though another process waits
        to write, so threads that read in turns would keep that one waiting for ever (but for WAL)."""

    @contextmanager
    def reading(self) -> Iterator[Database | None]:
        """One moment of the file; None where there is no file or nothing in it. Others write when the block ends."""
        with self._reading, _told(), self._reader.snapshot() as connection:
            if connection is None or schema.is_empty(connection):
                yield None
            else:
                yield Database(connection, schema.read(connection, self._path))

    @contextmanager
    def writing(self) -> Iterator[Database | None]:
        """A write transaction; None where there is no file or nothing in it."""
        if not self._writer.has_content():
            yield None
            return
        with self.making() as database:
            yield database

    @contextmanager
    def making(self) -> Iterator[Database]:
        """A write transaction; the file and its tables are made where there are none."""
        with self._writing, _told(), self._writer.transaction() as connection:
            if schema.is_empty(connection):
                schema.create(connection)
            yield Database(connection, schema.read(connection, self._path))

    def close(self) -> None:
        """Lets go of the file; whatever is asked next opens it again."""
        with self._writing:
            self._writer.close()
        with self._reading:
            self._reader.close()


_files: Final[WeakSet[DatabaseFile]] = WeakSet()


def _unlock_all() -> None:
    for file in _files:
        file._unlock()


if hasattr(os, "register_at_fork"):  # Not on Windows.
    os.register_at_fork(after_in_child=_unlock_all)


@contextmanager
def _told() -> Iterator[None]:
    """What a store cannot do, in MLflow's words."""
    try:
        yield
    except UnicodeEncodeError as error:  # SQLite's text is UTF-8; Python's may hold lone surrogates.
        raise MlflowException.invalid_parameter_value(f"A text is not Unicode: {error}.") from error
    except OverflowError as error:
        raise MlflowException.invalid_parameter_value(f"A number has more than 64 bits: {error}.") from error
    except StoreUnavailable as unavailable:
        raise MlflowException(unavailable, TEMPORARILY_UNAVAILABLE) from unavailable
