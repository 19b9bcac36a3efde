"""What is known of a trace as a whole, read from the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from genspan.exporters.mlflow.keys import TraceTagKey
from genspan.mlflow.entities import TraceInfo, TraceLocation, TraceState
from genspan.mlflow.store.sqlite import assessments
from genspan.mlflow.store.sqlite.columns import is_column, of_columns
from genspan.mlflow.store.sqlite.database import Database
from genspan.mlflow.store.sqlite.sql import MOST_PARAMETERS, marks


def read(database: Database, trace_ids: Sequence[str]) -> list[TraceInfo]:
    """The traces of those ids that are there, in that order."""
    found: dict[str, TraceInfo] = {}
    for some in chunks(trace_ids):
        found.update((info.trace_id, info) for info in _some(database, some))
    return [found[id] for id in trace_ids if id in found]


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in parts that fit into one query."""
    for first in range(0, len(ids), MOST_PARAMETERS):
        yield ids[first : first + MOST_PARAMETERS]


def _some(database: Database, ids: Sequence[str]) -> Iterator[TraceInfo]:
    tags = _entries(database, "trace_tags", ids)
    metadata = _entries(database, "trace_request_metadata", ids)
    judged = assessments.of_traces(database, ids)
    columns = sorted(database.layout.columns["trace_info"])
    chosen = marks(ids)
    rows = database.connection.execute(
        f"SELECT {', '.join(columns)} FROM trace_info WHERE request_id IN {chosen.text}", chosen.parameters
    )
    for row in rows:
        facts = dict(zip(columns, row, strict=True))
        id = facts["request_id"]
        for key, text in of_columns(facts, database.layout):
            (tags if key == TraceTagKey.TRACE_NAME else metadata)[id][key] = text
        yield TraceInfo(
            trace_id=id,
            trace_location=TraceLocation.from_experiment_id(str(facts["experiment_id"])),
            request_time=facts["timestamp_ms"],
            execution_duration=facts["execution_time_ms"],
            state=TraceState(facts["status"]),
            request_preview=facts["request_preview"],
            response_preview=facts["response_preview"],
            client_request_id=facts["client_request_id"],
            tags=tags[id],
            trace_metadata=metadata[id],
            assessments=judged[id],
        )


def _entries(database: Database, table: str, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    chosen = marks(ids)
    entries: dict[str, dict[str, str]] = defaultdict(dict)
    rows = database.connection.execute(
        f"SELECT request_id, key, value FROM {table} WHERE request_id IN {chosen.text}", chosen.parameters
    )
    for id, key, value in rows:
        if not is_column(key, database.layout):
            entries[id][key] = value
    return entries
