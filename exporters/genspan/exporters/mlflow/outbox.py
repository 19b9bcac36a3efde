"""Traces that their store could not take wait here, on disk, for a later try by any process.

One small SQLite file per tracking URI, in a folder that `outbox_folder` finds. It may hold prompts and answers, so it
is readable by its user alone. It has two tables of traces, each bounded: the oldest make room, and are counted.

- `waiting`: to be written as soon as the store takes them;
- `rejected`: set aside with the reason, since the store will never take them as they are. Nobody tries them again
  before somebody asks for it (`genspan status --requeue`).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from genspan.exporters.mlflow import serialized
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.sqlite.connection import BUSY_TIMEOUT, Connection

LIMIT: Final = 256 * 1024 * 1024
"""Bytes of waiting traces."""

REJECTED_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of rejected traces."""

HELD_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of traces held in memory while the disk takes none, for want of anything better."""

TRACES_PER_READ: Final = 100
BYTES_PER_READ: Final = 16 * 1024 * 1024

LEASE: Final = 30.0
"""Seconds that one process has the waiting traces for itself after it took some: so one alone asks a store that is
just coming back, in order. A process that dies leaves them to the others after that time. One that takes longer shares
them, which costs time but does no harm: whatever is written may be written again."""

LAYOUT: Final = 1
_SCHEMA: Final = (
    """
    CREATE TABLE waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        since REAL NOT NULL,
        experiment_name TEXT,
        experiment_id TEXT,
        trace_id TEXT NOT NULL,
        spans INTEGER NOT NULL,
        size INTEGER NOT NULL,
        trace TEXT NOT NULL
    )
    """,
    # Adding up an index of sizes leaves the traces themselves unread.
    "CREATE INDEX waiting_size ON waiting (size)",
    """
    CREATE TABLE rejected (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        since REAL NOT NULL,
        experiment_name TEXT,
        experiment_id TEXT,
        trace_id TEXT NOT NULL,
        spans INTEGER NOT NULL,
        size INTEGER NOT NULL,
        trace TEXT NOT NULL,
        reason TEXT NOT NULL
    )
    """,
    "CREATE INDEX rejected_size ON rejected (size)",
    """
    CREATE TABLE state (
        uri TEXT NOT NULL,
        trouble TEXT,
        trouble_since REAL,
        next_try REAL,
        dropped_traces INTEGER NOT NULL DEFAULT 0,
        dropped_spans INTEGER NOT NULL DEFAULT 0,
        drained_by TEXT,
        drained_until REAL NOT NULL DEFAULT 0
    )
    """,
    f"PRAGMA user_version = {LAYOUT}",
)
_COLUMNS: Final = "since, experiment_name, experiment_id, trace_id, spans, size, trace"


class Dropped(NamedTuple):
    """Traces that had to make room, and their spans."""

    traces: int = 0
    spans: int = 0

    def plus(self, other: Dropped) -> Dropped:
        """Both together."""
        return Dropped(self.traces + other.traces, self.spans + other.spans)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why traces wait."""

    reason: str
    next_try: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A trace in the outbox."""

    id: int
    """Negative where it is held in memory."""
    row: _Row

    @property
    def experiment(self) -> Experiment:
        """Where it belongs."""
        return _experiment(self.row)

    @property
    def trace(self) -> MlflowTrace | None:
        """The trace; None where it cannot be read, as from another version of genspan."""
        try:
            return serialized.read(self.row.trace)
        except (ValueError, KeyError, TypeError):
            return None


class Put(NamedTuple):
    """What has become of traces that were put into the outbox."""

    ids: Sequence[int]
    dropped: Dropped
    trouble: str | None
    """Why they are held in memory and not on disk; None where all is well."""


class Claim(NamedTuple):
    """Traces to be written by this process alone."""

    traces: Sequence[Waiting]
    is_elsewhere: bool = False
    """Another process is at it; it has the traces."""


class _Row(NamedTuple):
    since: float
    experiment_name: str | None
    experiment_id: str | None
    trace_id: str
    spans: int
    size: int
    """Bytes."""
    trace: str


class Outbox:
    """Waiting traces of one tracking URI, oldest first. Nothing is made on disk before the first has to wait.

    Used by any thread. Every method but `put` raises StoreUnavailable where the file cannot be read or written.
    """

    def __init__(self, folder: str, uri: str, limit: int = LIMIT) -> None:
        self.path = os.path.abspath(os.path.join(folder, f"{hashlib.sha256(uri.encode()).hexdigest()[:16]}.db"))
        self.limit = limit
        self._uri = uri
        self._connection = Connection(self.path)
        self.begin()

    def begin(self) -> None:
        """Sets out with nothing held in memory; anew in a forked child, whose parent keeps what it holds."""
        self.lock = threading.Lock()
        """Held while the file is in use."""
        self._held: dict[int, _Row] = {}
        self._uncounted = Dropped()
        self._process = secrets.token_hex(8)

    def put(self, traces: Iterable[MlflowTrace], experiment: Experiment, trouble: Trouble | None = None) -> Put:
        """Adds traces, and says why they have to wait.

        What the disk does not take is held in memory, up to HELD_LIMIT, and goes to the disk with the next that it does
        take. Never raises.
        """
        rows = [_row(trace, experiment) for trace in traces]
        with self.lock:
            try:
                ids, dropped = self._put_on_disk([*self._held.values(), *rows], trouble)
            except (StoreUnavailable, sqlite3.Error, UnicodeError) as error:
                return Put(*self._hold(rows), str(error))
            held, self._held, self._uncounted = len(self._held), {}, Dropped()
            return Put(ids[held:], dropped, None)

    def claim(self, without: Collection[Experiment] = ()) -> Claim:
        """The traces that have waited longest, up to a batch of them, all of one experiment; none where none waits.

        Those of the experiments `without` are left where they are.
        """
        with self.lock:
            if self._held:
                held = ((id, row) for id, row in self._held.items() if _experiment(row) not in without)
                if traces := _batch(held):
                    return Claim(traces)
            if not self._is_there():
                return Claim(())
            with self._transaction() as connection:
                now = time.time()
                # Where clocks disagree, nobody may have them longer than the lease.
                (is_elsewhere,) = connection.execute(
                    "SELECT drained_by <> ? AND drained_until BETWEEN ? AND ? FROM state",
                    (self._process, now, now + LEASE),
                ).fetchone()
                if is_elsewhere:
                    return Claim((), is_elsewhere=True)
                traces = _oldest(connection, without)
                self._lease(connection, now + LEASE if traces else 0)
                return Claim(traces)

    def settle(self, done: Sequence[Waiting], reasons: Mapping[str, str]) -> Dropped:
        """Takes out traces that have been written, and sets those aside whose ids are among `reasons`.

        Returns what was dropped to make room for the latter.
        """
        rejected = [(one.row, reasons[one.row.trace_id]) for one in done if one.row.trace_id in reasons]
        return self._take_out([one.id for one in done], rejected)

    def remove(self, ids: Sequence[int]) -> None:
        """Takes traces out, for they have been written."""
        self._take_out(ids, ())

    def set_aside(self, traces: Iterable[MlflowTrace], experiment: Experiment, reasons: Mapping[str, str]) -> Dropped:
        """Keeps traces that the store rejects, by the reasons for their ids; returns what was dropped for them."""
        rejected = [(_row(trace, experiment), reasons[trace.trace_id]) for trace in traces if trace.trace_id in reasons]
        return self._take_out((), rejected)

    def note(self, trouble: Trouble | None) -> None:
        """Writes down why traces wait, for whoever asks (`genspan status`), and lets other processes try."""
        with self.lock:
            if self._is_there():
                with self._transaction() as connection:
                    _note(connection, trouble)
                    self._lease(connection, 0)

    def requeue(self) -> int:
        """Has all traces wait that were set aside; returns how many."""
        with self.lock, self._transaction() as connection:
            connection.execute(f"INSERT INTO waiting ({_COLUMNS}) SELECT {_COLUMNS} FROM rejected ORDER BY id")
            return connection.execute("DELETE FROM rejected").rowcount

    def discard(self) -> int:
        """Deletes what was set aside, and begins to count anew what is dropped; returns how many were deleted."""
        with self.lock, self._transaction() as connection:
            connection.execute("UPDATE state SET dropped_traces = 0, dropped_spans = 0")
            return connection.execute("DELETE FROM rejected").rowcount

    def close(self) -> None:
        """Closes the file; a later use opens it again."""
        with self.lock:
            self._connection.close()

    def _put_on_disk(self, rows: Sequence[_Row], trouble: Trouble | None) -> tuple[Sequence[int], Dropped]:
        with self._transaction() as connection:
            ids = [_insert(connection, "waiting", row) for row in rows]
            dropped = _drop_oldest(connection, "waiting", self.limit)
            _count(connection, dropped.plus(self._uncounted))
            if trouble is not None:
                _note(connection, trouble)
        return ids, dropped

    def _hold(self, rows: Sequence[_Row]) -> tuple[Sequence[int], Dropped]:
        first = min(self._held, default=0) - 1
        ids = [first - index for index in range(len(rows))]
        self._held.update(zip(ids, rows, strict=True))
        excess = sum(row.size for row in self._held.values()) - HELD_LIMIT
        dropped = Dropped()
        while excess > 0:
            row = self._held.pop(max(self._held))
            excess -= row.size
            dropped = dropped.plus(Dropped(1, row.spans))
        self._uncounted = self._uncounted.plus(dropped)
        return ids, dropped

    def _take_out(self, ids: Sequence[int], rejected: Sequence[tuple[_Row, str]]) -> Dropped:
        with self.lock:
            on_disk = [(id,) for id in ids if id > 0]
            dropped = Dropped()
            if on_disk or rejected:
                with self._transaction() as connection:
                    for row, reason in rejected:
                        _reject(connection, row, reason)
                    connection.executemany("DELETE FROM waiting WHERE id = ?", on_disk)
                    dropped = _drop_oldest(connection, "rejected", REJECTED_LIMIT)
                    _count(connection, dropped)
                    self._settle_down(connection)
            for id in ids:
                self._held.pop(id, None)
            return dropped

    def _settle_down(self, connection: sqlite3.Connection) -> None:
        """Where nothing waits any more, forgets why anything did, and who was at it."""
        if connection.execute("SELECT 1 FROM waiting LIMIT 1").fetchone() is None:
            self._lease(connection, 0)
            _note(connection, None)

    def _is_there(self) -> bool:
        try:
            return os.path.getsize(self.path) > 0
        except OSError:
            return False

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if not self._is_there():
            _make(self.path, self._uri)
        with self._connection.transaction() as connection:
            if connection.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
                raise StoreUnavailable(f"{self.path} was made by another version of genspan.")
            yield connection

    def _lease(self, connection: sqlite3.Connection, until: float) -> None:
        """Takes the traces for this process, or gives them free if it has them."""
        whose = "" if until else "WHERE drained_by = ?1"
        connection.execute(f"UPDATE state SET drained_by = ?1, drained_until = ?2 {whose}", (self._process, until))


def _row(trace: MlflowTrace, experiment: Experiment) -> _Row:
    text = serialized.write(trace)
    return _Row(
        since=time.time(),
        experiment_name=experiment.name,
        experiment_id=experiment.id,
        trace_id=trace.trace_id,
        spans=len(trace.spans),
        size=len(text.encode()),
        trace=text,
    )


def _experiment(row: _Row) -> Experiment:
    return Experiment(row.experiment_name, row.experiment_id)


def _make(path: str, uri: str) -> None:
    """Makes the file, for its user alone."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum = FULL")  # Gives back the space of an outage. Of no effect later.
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone() == (0,):
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute("INSERT INTO state (uri) VALUES (?)", (uri,))
            connection.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"{path} cannot be written: {error}") from error


def _insert(connection: sqlite3.Connection, table: str, row: _Row) -> int:
    id = connection.execute(f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row).lastrowid
    assert id is not None
    return id


def _reject(connection: sqlite3.Connection, row: _Row, reason: str) -> None:
    values = (*row._replace(since=time.time()), reason)
    connection.execute(f"INSERT INTO rejected ({_COLUMNS}, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _drop_oldest(connection: sqlite3.Connection, table: str, limit: int) -> Dropped:
    """Makes room. A trace beyond the limit by itself is dropped alone, for all others would not make room for it."""
    found = connection.execute(f"SELECT id, spans FROM {table} WHERE size > ?", (limit,)).fetchall()
    connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(id,) for id, _ in found])
    (excess,) = connection.execute(f"SELECT coalesce(sum(size), 0) - ? FROM {table}", (limit,)).fetchone()
    oldest = []
    if excess > 0:
        for id, spans, size in connection.execute(f"SELECT id, spans, size FROM {table} ORDER BY id"):
            if excess <= 0:
                break
            oldest.append((id, spans))
            excess -= size
    connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(id,) for id, _ in oldest])
    found += oldest
    return Dropped(len(found), sum(spans for _, spans in found))


def _count(connection: sqlite3.Connection, dropped: Dropped) -> None:
    if dropped.traces:
        connection.execute(
            "UPDATE state SET dropped_traces = dropped_traces + ?, dropped_spans = dropped_spans + ?", dropped
        )


def _note(connection: sqlite3.Connection, trouble: Trouble | None) -> None:
    if trouble is None:
        connection.execute("UPDATE state SET trouble = NULL, trouble_since = NULL, next_try = NULL")
    else:
        connection.execute(
            "UPDATE state SET trouble = ?, trouble_since = coalesce(trouble_since, ?), next_try = ?",
            (trouble.reason, time.time(), trouble.next_try),
        )


def _oldest(connection: sqlite3.Connection, without: Collection[Experiment]) -> Sequence[Waiting]:
    others = " AND ".join("NOT (experiment_name IS ? AND experiment_id IS ?)" for _ in without) or "1"
    names = [name for experiment in without for name in (experiment.name, experiment.id)]
    query = f"SELECT id, {_COLUMNS} FROM waiting WHERE {others} ORDER BY id LIMIT {TRACES_PER_READ}"
    return _batch(_rows(connection.execute(query, names)))


def _rows(cursor: sqlite3.Cursor) -> Iterator[tuple[int, _Row]]:
    return ((id, _Row(*values)) for id, *values in cursor)


def _batch(rows: Iterator[tuple[int, _Row]]) -> Sequence[Waiting]:
    """The first of rows: those of one experiment, and no more than belong into one try."""
    batch: list[Waiting] = []
    total = 0
    for id, row in rows:
        waiting = Waiting(id, row)
        if batch and waiting.experiment != batch[0].experiment:
            break
        batch.append(waiting)
        total += row.size
        if total > BYTES_PER_READ or len(batch) == TRACES_PER_READ:
            break
    return batch
