"""The spans of traces, read from the file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.exporters.mlflow.stores.sqlite.rows import SPANS_LOCATION, TRACKING_STORE
from genspan.mlflow.entities import Span, TraceInfo
from genspan.mlflow.exceptions import DATA_LOSS, MlflowException
from genspan.mlflow.store.sqlite.database import Database
from genspan.mlflow.store.sqlite.infos import chunks
from genspan.mlflow.store.sqlite.sql import marks

Contents = dict[str, list[str]]
"""The contents of stored spans, by trace: roots first, then by their start."""


def are_here(info: TraceInfo) -> bool:
    """Whether the file holds the trace's spans; they may also be artifacts."""
    return info.tags.get(SPANS_LOCATION) == TRACKING_STORE


def contents(database: Database, trace_ids: Sequence[str]) -> Contents:
    """What the file holds of the spans of traces."""
    found: Contents = defaultdict(list)
    for some in chunks(trace_ids):
        chosen = marks(some)
        rows = database.connection.execute(
            f"SELECT trace_id, content FROM spans WHERE trace_id IN {chosen.text} AND content <> ''"
            " ORDER BY trace_id, parent_span_id IS NOT NULL, start_time_unix_nano, rowid",
            chosen.parameters,
        )
        for trace_id, content in rows:
            found[trace_id].append(content)
    return found


def are_whole(info: TraceInfo, count: int) -> bool:
    """Whether that many spans are all of the trace; an exporter of MLflow may not be done with it."""
    try:
        expected = json.loads(info.trace_metadata.get(TraceMetadataKey.SIZE_STATS, "{}")).get("num_spans", 0)
    except (ValueError, AttributeError):
        expected = 0
    return bool(count >= max(1, expected))


def decoded(stored: Sequence[str]) -> list[Span]:
    """Spans from their contents. Raises MlflowException for what is no span."""
    try:
        return [Span.from_dict(json.loads(content)) for content in stored]
    except ValueError as error:
        raise MlflowException(f"A stored span cannot be read: {error}.", DATA_LOSS) from error
