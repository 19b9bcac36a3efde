"""What an outbox holds, read without a change to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genspan.exporters.mlflow.outbox import LAYOUT

_PATIENCE: Final = 1.0
"""Seconds to wait for a writer that holds the file."""


class UnreadableOutbox(Exception):
    """The file cannot be read, or is another version's."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A trace that its store does not take as it is."""

    trace_id: str
    reason: str
    since: float
    """Seconds since the epoch."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Report:
    """The state of one outbox. Times are seconds since the epoch, sizes bytes."""

    path: str
    tracking_uri: str
    waiting_traces: int
    waiting_bytes: int
    oldest: float | None
    """Since when the oldest trace waits."""
    trouble: str | None
    """Why the last try failed; None where none did since the store could be written to."""
    trouble_since: float | None
    next_try: float | None
    """When the process that tried last will try again, if it still runs."""
    rejected: Sequence[Rejected]
    dropped_traces: int
    dropped_spans: int

    @property
    def is_clear(self) -> bool:
        """Nothing waits, was set aside, or was dropped."""
        return not (self.waiting_traces or self.rejected or self.dropped_traces)

    @property
    def has_lost(self) -> bool:
        """Something will not reach the store unless somebody does something, or never will."""
        return bool(self.rejected or self.dropped_traces)


def files(folders: Iterable[str]) -> list[str]:
    """The outboxes in these folders."""
    return [str(path) for folder in folders for path in sorted(Path(folder).glob("*.db")) if path.stat().st_size]


def read(path: str) -> Report:
    """The state of the outbox in a file. Raises UnreadableOutbox."""
    with closing(_opened(path)) as connection:
        try:
            connection.execute("BEGIN")
            if connection.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
                raise UnreadableOutbox(f"{path} was made by another version of genspan")
            (uri, trouble, since, next_try, traces, spans) = connection.execute(
                "SELECT uri, trouble, trouble_since, next_try, dropped_traces, dropped_spans FROM state"
            ).fetchone()
            count, size = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM waiting").fetchone()
            oldest = connection.execute("SELECT since FROM waiting ORDER BY id LIMIT 1").fetchone()
            rejected = connection.execute("SELECT trace_id, reason, since, size FROM rejected ORDER BY id").fetchall()
        except sqlite3.Error as error:
            raise UnreadableOutbox(f"{path} cannot be read: {error}") from error
    return Report(
        path=path,
        tracking_uri=uri,
        waiting_traces=count,
        waiting_bytes=size,
        oldest=oldest and oldest[0],
        trouble=trouble,
        trouble_since=since,
        next_try=next_try,
        rejected=[Rejected(*row) for row in rejected],
        dropped_traces=traces,
        dropped_spans=spans,
    )


def waiting(path: str) -> int | None:
    """How many traces wait in the outbox of a file; None where that cannot be found out now."""
    try:
        if not os.path.getsize(path):
            return 0
        with closing(_opened(path)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM waiting").fetchone()
            return int(count)
    except FileNotFoundError:
        return 0
    except (OSError, sqlite3.Error, UnreadableOutbox):
        return None


def _opened(path: str) -> sqlite3.Connection:
    try:
        # Not as read-only, which could not make good what a killed writer has left half done.
        return sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None
        )
    except sqlite3.Error as error:
        raise UnreadableOutbox(f"{path} cannot be opened: {error}") from error
