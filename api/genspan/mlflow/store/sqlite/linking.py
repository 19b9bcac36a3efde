"""Runs that traces belong to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Final

from genspan.mlflow.store.sqlite.database import Database

LINKS_AT_ONCE: Final = 100
"""Traces that MLflow (3.17.2) links with one call."""


def link(database: Database, trace_ids: Sequence[str], run_id: str) -> None:
    """Links traces to a run, those that are not yet. As in MLflow, neither need be stored already."""
    now = time.time_ns() // 1_000_000
    database.connection.executemany(
        "INSERT OR IGNORE INTO entity_associations"
        " (association_id, source_type, source_id, destination_type, destination_id, created_time)"
        " VALUES (?, 'trace', ?, 'run', ?, ?)",
        [(uuid.uuid4().hex, trace_id, run_id, now) for trace_id in dict.fromkeys(trace_ids)],
    )


def experiment_of_run(database: Database, run_id: str) -> str | None:
    """The experiment of a run; None where there is no such run."""
    row = database.connection.execute("SELECT experiment_id FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
    return None if row is None else str(row[0])
