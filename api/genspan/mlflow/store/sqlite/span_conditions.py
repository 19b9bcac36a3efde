"""Conditions on spans as SQL: a trace meets them all if one and the same span of it does.

What each field means is as `SqlAlchemyStore` has it in mlflow 3.17.2 (`_get_filter_clauses_for_search_traces`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from genspan.mlflow.store.search import (
    Comparison,
    Number,
    Operator,
    SpanAttribute,
    SpanColumn,
    SpanContent,
)
from genspan.mlflow.store.sqlite.comparing import compared
from genspan.mlflow.store.sqlite.sql import Sql, joined, marks

OF_SPANS: Final = (SpanColumn, SpanAttribute, SpanContent)

CLOCK_SKEW_MS: Final = 10_000
"""How much earlier than its trace a span may have begun to be looked at, where a filter says from when."""

FEW: Final = 2000
"""So many spans are looked up one by one in less time than it takes to look at those of every trace."""

_INDEXED: Final = (SpanColumn("type"), SpanColumn("status"))
"""What MLflow's indexes lead to, within an experiment."""

_64_BITS: Final = 2**63


def on_spans(comparisons: Sequence[Comparison]) -> list[Sql]:
    """What one span must meet; nothing where no condition is about spans."""
    conditions = [_condition(comparison) for comparison in comparisons if isinstance(comparison.field, OF_SPANS)]
    starts = [
        comparison.value
        for comparison in comparisons
        if comparison.field == Number("timestamp_ms")
        and comparison.operator in (Operator.GREATER, Operator.AT_LEAST)
        and isinstance(comparison.value, (int, float))
    ]
    if conditions and starts:
        since = (max(starts) - CLOCK_SKEW_MS) * 1_000_000
        conditions.append(Sql("+span.start_time_unix_nano >= ?", (int(max(-_64_BITS, min(since, _64_BITS - 1))),)))
    return conditions


def of_trace(conditions: Sequence[Sql]) -> Sql:
    """A trace has such a span, looked for among its own: `+` keeps SQLite from any other index (3.40)."""
    return (
        "EXISTS (SELECT 1 FROM spans AS span WHERE span.trace_id = trace.request_id"
        " AND +span.experiment_id = trace.experiment_id AND " + joined(" AND ", conditions) + ")"
    )


def among_few(conditions: Sequence[Sql], indexed: Sql) -> Sql:
    """The same, looked for among the spans that an index leads to."""
    return (
        "trace.request_id IN (SELECT span.trace_id FROM spans AS span WHERE "
        + indexed
        + " AND "
        + joined(" AND ", conditions)
        + ")"
    )


def leading_to_few(
    connection: sqlite3.Connection, comparisons: Sequence[Comparison], experiment_ids: Sequence[int]
) -> Sql | None:
    """Those conditions on spans that an index of MLflow's leads to, if few spans meet them."""
    led = [
        compared(_column(comparison.field), comparison.operator, comparison.value)
        for comparison in comparisons
        if comparison.field in _INDEXED and comparison.operator in (Operator.EQUAL, Operator.IN)
    ]
    if not led:
        return None
    indexed = joined(" AND ", ["span.experiment_id IN " + marks(experiment_ids), *led])
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM spans AS span WHERE {indexed.text} LIMIT {FEW})", indexed.parameters
    ).fetchone()
    return indexed if count < FEW else None


def _column(field: object, sign: str = "") -> Sql:
    assert isinstance(field, SpanColumn)
    return Sql(f"{sign}span.{field.name}")


def _condition(comparison: Comparison) -> Sql:
    field, operator, value = comparison.field, comparison.operator, comparison.value
    if isinstance(field, SpanColumn):
        return compared(_column(field, "+"), operator, value)
    if isinstance(field, SpanAttribute):
        # What MLflow does: LIKE looks at all that comes after the key, and = finds nothing.
        value = _rlike(field.key, str(value)) if operator is Operator.RLIKE else f'%"{field.key}"{value}%'
    return compared(Sql("span.content"), operator, value)


def _rlike(key: str, pattern: str) -> str:
    """A regular expression for the text of one attribute, for the text of all."""
    starts = "" if pattern.startswith("^") else ".*"
    ends = '\\\\"' if pattern.endswith("$") else ""
    return f'"{key}": "\\\\"{starts}{pattern.removeprefix("^").removesuffix("$")}{ends}'
