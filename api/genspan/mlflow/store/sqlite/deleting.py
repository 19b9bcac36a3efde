"""Traces deleted, with all that belongs to them alone."""

from __future__ import annotations

from collections.abc import Sequence

from genspan.mlflow.store.sqlite.database import Database
from genspan.mlflow.store.sqlite.infos import chunks
from genspan.mlflow.store.sqlite.sql import marks


def begun_until(database: Database, experiment_id: int, timestamp_ms: int, count: int | None) -> list[str]:
    """Ids of the traces of an experiment that began up to a time, the oldest first; at most `count`, if given."""
    rows = database.connection.execute(
        "SELECT request_id FROM trace_info WHERE experiment_id = ? AND timestamp_ms <= ?"
        " ORDER BY timestamp_ms, request_id LIMIT ?",
        (experiment_id, timestamp_ms, -1 if count is None else count),
    )
    return [id for (id,) in rows]


def delete(database: Database, experiment_id: int, trace_ids: Sequence[str]) -> int:
    """Deletes those traces that are in the experiment; answers how many.

    Foreign keys take their spans, tags, metadata and assessments along. What lies in review queues has none, and links
    to runs stay, as with MLflow (3.17.2).
    """
    deleted = 0
    for some in chunks(list(dict.fromkeys(trace_ids))):
        chosen = marks(some)
        mine = f"SELECT request_id FROM trace_info WHERE experiment_id = ? AND request_id IN {chosen.text}"
        parameters = (experiment_id, *chosen.parameters)
        if database.layout.has("review_queue_items", "item_id"):
            database.connection.execute(
                f"DELETE FROM review_queue_items WHERE item_type = 'trace' AND item_id IN ({mine})", parameters
            )
        statement = f"DELETE FROM trace_info WHERE request_id IN ({mine})"
        deleted += database.connection.execute(statement, parameters).rowcount
    return deleted
