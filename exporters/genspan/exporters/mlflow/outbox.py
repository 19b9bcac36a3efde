"""Traces that their store could not take wait here, on disk, for a later try by any process.

One small SQLite file per tracking URI, in the first of these folders that can be written to:

1. `GENSPAN_OUTBOX_DIR`, where set;
2. the user's folder for program state: `$XDG_STATE_HOME/genspan/outbox`, `~/.local/state/genspan/outbox`,
   `%LOCALAPPDATA%\\genspan\\outbox` on Windows. Never beside the tracking database, whose folder may be what is full or
   read-only;
3. the folder for temporary files, as in containers with a read-only root.

It may hold prompts and answers, so it is readable by its user alone.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genspan.exporters.mlflow import serialized
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.sqlite.connection import Connection

GENSPAN_OUTBOX_DIR: Final = "GENSPAN_OUTBOX_DIR"

LIMIT: Final = 256 * 1024 * 1024
"""Bytes of waiting traces; the oldest make room for new ones."""

TRACES_PER_READ: Final = 100
BYTES_PER_READ: Final = 16 * 1024 * 1024

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        experiment_name TEXT,
        experiment_id TEXT,
        size INTEGER NOT NULL,
        trace TEXT NOT NULL
    )
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A trace in the outbox."""

    id: int
    experiment: Experiment
    trace: MlflowTrace | None
    """None where it cannot be read, as from another version of genspan."""


class Outbox:
    """Waiting traces of one tracking URI, oldest first. Nothing is made on disk before the first has to wait.

    Every method raises StoreUnavailable where the outbox itself cannot be read or written.
    """

    def __init__(self, folder: str, uri: str, limit: int = LIMIT) -> None:
        self.path = os.path.join(folder, f"{hashlib.sha256(uri.encode()).hexdigest()[:16]}.db")
        self.limit = limit
        self._connection = Connection(self.path)

    def put(self, traces: Iterable[MlflowTrace], experiment: Experiment) -> int:
        """Adds traces; returns how many of the oldest were dropped for them."""
        _make_private(self.path)
        texts = [serialized.write(trace) for trace in traces]
        with self._connection.transaction() as connection:
            connection.execute(_SCHEMA)
            connection.executemany(
                "INSERT INTO waiting (experiment_name, experiment_id, size, trace) VALUES (?, ?, ?, ?)",
                ((experiment.name, experiment.id, len(text), text) for text in texts),
            )
            return _drop_oldest(connection, self.limit)

    def oldest(self) -> Sequence[Waiting]:
        """The traces that have waited longest, up to a batch of them; empty where none waits."""
        if not os.path.exists(self.path):
            return ()
        with self._connection.transaction() as connection:
            connection.execute(_SCHEMA)
            return list(_read(connection))

    def remove(self, waiting: Iterable[Waiting]) -> None:
        """Takes traces out, for they have been written or never will be."""
        with self._connection.transaction() as connection:
            connection.executemany("DELETE FROM waiting WHERE id = ?", [(one.id,) for one in waiting])

    def close(self) -> None:
        """Closes the file; a later use opens it again."""
        self._connection.close()


def find_folder(environ: Mapping[str, str]) -> str:
    """The folder for outboxes: the first that can be written to, made if need be; the last, if none can."""
    candidates = list(_candidates(environ))
    return next(filter(_is_usable, candidates), candidates[-1])


def _candidates(environ: Mapping[str, str]) -> Iterator[str]:
    if chosen := environ.get(GENSPAN_OUTBOX_DIR):
        yield chosen
        return
    state = environ.get("XDG_STATE_HOME") or environ.get("LOCALAPPDATA") or os.path.expanduser("~/.local/state")
    yield os.path.join(state, "genspan", "outbox")
    user = os.getuid() if hasattr(os, "getuid") else environ.get("USERNAME", "user")
    yield os.path.join(tempfile.gettempdir(), f"genspan-{user}", "outbox")


def _is_usable(folder: str) -> bool:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # In a folder that all may write to, somebody else may have been first.
        own = not hasattr(os, "getuid") or os.stat(folder).st_uid == os.getuid()
    except OSError:
        return False
    return own and os.access(folder, os.W_OK | os.X_OK)


def _make_private(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written: {error}") from error


def _drop_oldest(connection: sqlite3.Connection, limit: int) -> int:
    (excess,) = connection.execute("SELECT coalesce(sum(size), 0) - ? FROM waiting", (limit,)).fetchone()
    dropped = []
    if excess > 0:
        for id, size in connection.execute("SELECT id, size FROM waiting ORDER BY id"):
            if excess <= 0:
                break
            dropped.append((id,))
            excess -= size
    connection.executemany("DELETE FROM waiting WHERE id = ?", dropped)
    return len(dropped)


def _read(connection: sqlite3.Connection) -> Iterator[Waiting]:
    total = 0
    query = "SELECT id, experiment_name, experiment_id, trace FROM waiting ORDER BY id LIMIT ?"
    for id, name, experiment_id, text in connection.execute(query, (TRACES_PER_READ,)):
        yield Waiting(id, Experiment(name, experiment_id), _trace(text))
        total += len(text)
        if total > BYTES_PER_READ:
            return


def _trace(text: str) -> MlflowTrace | None:
    try:
        return serialized.read(text)
    except (ValueError, KeyError, TypeError):
        return None
