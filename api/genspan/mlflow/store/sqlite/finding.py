"""Searches: which traces, in which order, which page."""

from __future__ import annotations

from collections.abc import Sequence

from genspan.mlflow.store.search import Comparison, Metadata, Number, Operator, Order, Tag, Text
from genspan.mlflow.store.sqlite.comparing import regexp
from genspan.mlflow.store.sqlite.conditions import column_of, name_few, on_traces
from genspan.mlflow.store.sqlite.database import Database
from genspan.mlflow.store.sqlite.span_conditions import among_few, leading_to_few, of_trace, on_spans
from genspan.mlflow.store.sqlite.sql import Sql, joined

_NEVER_NULL = frozenset({"timestamp_ms", "end_time_ms", "experiment_id", "request_id", "status"})


def find(
    database: Database,
    experiment_ids: Sequence[int],
    comparisons: Sequence[Comparison],
    orders: Sequence[Order],
    start: int,
    count: int,
) -> list[str]:
    """Ids of at most `count` traces that meet all conditions, after the first `start` of them."""
    if any(comparison.operator is Operator.RLIKE for comparison in comparisons):
        database.connection.create_function("regexp", 2, regexp, deterministic=True)
    conditions = on_traces(comparisons, experiment_ids, database.layout)
    are_few = name_few(comparisons, database.layout)
    if spans := on_spans(comparisons):
        indexed = None if are_few else leading_to_few(database.connection, comparisons, experiment_ids)
        conditions.append(among_few(spans, indexed) if indexed else of_trace(spans))
        are_few = are_few or indexed is not None
    joins, keys = _sorted(database, orders)
    if are_few:  # `+` keeps SQLite from walking through an index that is in order.
        keys[0] = f"+{keys[0]}"
    query = (
        "SELECT trace.request_id FROM trace_info AS trace"
        + joins
        + " WHERE "
        + joined(" AND ", conditions)
        + " ORDER BY "
        + ", ".join(keys)
        + Sql(" LIMIT ? OFFSET ?", (count, start))
    )
    return [id for (id,) in database.connection.execute(query.text, query.parameters)]


def _sorted(database: Database, orders: Sequence[Order]) -> tuple[Sql, list[str]]:
    """What must be joined to sort, and the sort keys."""
    joins, keys = [], []
    for number, order in enumerate(orders):
        direction = "" if order.ascending else " DESC"
        column = column_of(order.field, database.layout)
        if column is not None:
            value = column.text
        else:
            assert isinstance(order.field, (Tag, Metadata))
            table = "trace_tags" if isinstance(order.field, Tag) else "trace_request_metadata"
            joins.append(
                Sql(
                    f" LEFT JOIN {table} AS sorted{number}"
                    f" ON sorted{number}.request_id = trace.request_id AND sorted{number}.key = ?",
                    (order.field.key,),
                )
            )
            value = f"sorted{number}.value"
        if not (isinstance(order.field, (Number, Text)) and order.field.name in _NEVER_NULL):
            keys.append(f"{value} IS NULL")
        keys.append(value + direction)
    return joined("", joins), keys
