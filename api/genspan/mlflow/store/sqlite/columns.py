"""Facts of a trace that newer releases of MLflow keep in columns of `trace_info`, and older ones as rows.

As `mlflow/store/tracking/utils/trace_analytics.py` has them in 3.17.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from genspan.exporters.mlflow.keys import TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.stores.sqlite.schema import Layout

PROMOTED: Final[Mapping[str, str]] = {
    TraceTagKey.TRACE_NAME: "trace_name",
    TraceMetadataKey.TRACE_SESSION: "session_id",
}
"""Columns by the key of the tag or metadata that they hold."""

COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    TraceMetadataKey.TOKEN_USAGE: (
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation_input_tokens_above_1hr",
    ),
    TraceMetadataKey.COST: ("input_cost", "output_cost", "total_cost"),
}
"""Columns by the key of the metadata that holds them all, as JSON whose keys are the columns, in this order."""


def promoted(key: str, layout: Layout) -> str | None:
    """The column that a tag or metadata is kept in; None where it is a row."""
    column = PROMOTED.get(key)
    return column if column is not None and layout.has("trace_info", column) else None


def counted(key: str, layout: Layout) -> tuple[str, ...]:
    """The columns that metadata is kept in; none where it is a row."""
    return tuple(column for column in COUNTED.get(key, ()) if layout.has("trace_info", column))


def is_column(key: str, layout: Layout) -> bool:
    """Whether a tag or metadata is kept in columns; a row of that key then means nothing."""
    return promoted(key, layout) is not None or bool(counted(key, layout))


def of_columns(facts: Mapping[str, Any], layout: Layout) -> Iterator[tuple[str, str]]:
    """Tags and metadata that a row of `trace_info` holds, by key, as their text was before."""
    for key in PROMOTED:
        column = promoted(key, layout)
        if column and facts[column] is not None:
            yield key, facts[column]
    for key in COUNTED:
        counts = {column: facts[column] for column in counted(key, layout) if facts[column] is not None}
        if counts:
            yield key, json.dumps(counts)
