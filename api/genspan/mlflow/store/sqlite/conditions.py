"""Filters as SQL over `trace_info AS trace`.

What each field means is as `SqlAlchemyStore` has it in mlflow 3.17.2 (`_get_filter_clauses_for_search_traces`). Where
the file is of an older release, session, name, tokens and cost are looked for where that release kept them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.exporters.mlflow.stores.sqlite.schema import Layout
from genspan.mlflow.store.search import (
    Assessed,
    Comparison,
    Field,
    Issue,
    Metadata,
    Number,
    Operator,
    Prompt,
    SpanAttribute,
    SpanColumn,
    SpanContent,
    Tag,
    Text,
    Value,
)
from genspan.mlflow.store.sqlite.columns import counted, promoted
from genspan.mlflow.store.sqlite.sql import Sql, joined, marks

OF_SPANS: Final = (SpanColumn, SpanAttribute, SpanContent)

CLOCK_SKEW_MS: Final = 10_000
"""How much earlier than its trace a span may have begun to be looked at, where a filter says from when."""

_IS_NUMBER: Final = "(assessment.value GLOB '[0-9]*' OR assessment.value GLOB '-[0-9]*')"

_GLOB_SPECIAL: Final = re.compile(r"[*?\[]")


def where(comparisons: Sequence[Comparison], experiment_ids: Sequence[int], layout: Layout) -> Sql:
    """The traces of some experiments that meet all conditions. Conditions on spans are about one and the same span."""
    scope = "trace.experiment_id IN " + marks(experiment_ids)
    of_trace = [
        "(" + _condition(comparison, scope, layout) + ")"
        for comparison in comparisons
        if not isinstance(comparison.field, OF_SPANS)
    ]
    return joined(" AND ", [scope, *of_trace, *_of_span(comparisons)])


def column_of(field: Field, layout: Layout) -> Sql | None:
    """What `trace_info` itself says of a field; None where another table does."""
    if isinstance(field, Number) and field.name == "end_time_ms":
        return Sql("(trace.timestamp_ms + coalesce(trace.execution_time_ms, 0))")
    if isinstance(field, (Number, Text)):
        return Sql(f"trace.{field.name}")
    if isinstance(field, (Tag, Metadata)):
        column = promoted(field.key, layout)
        return Sql(f"trace.{column}") if column else None
    return None


def glob(pattern: str) -> str:
    """A LIKE pattern for GLOB, which minds capitals whatever the connection's settings."""
    return _GLOB_SPECIAL.sub(r"[\g<0>]", pattern).replace("%", "*").replace("_", "?")


def regexp(pattern: str, text: str | None) -> bool | None:
    """SQL's `regexp`, as SQLAlchemy defines it for SQLite."""
    return None if text is None else re.search(pattern, text) is not None


def _condition(comparison: Comparison, scope: Sql, layout: Layout) -> Sql:
    field = comparison.field
    column = column_of(field, layout)
    if column is not None:
        return _compared(column, comparison.operator, comparison.value)
    if isinstance(field, Metadata):
        if field.key == TraceMetadataKey.SOURCE_RUN and comparison.operator is Operator.EQUAL:
            return _of_run(comparison)
        if columns := counted(field.key, layout):
            return _counted(columns, comparison)
        return _row("trace_request_metadata", field.key, comparison)
    if isinstance(field, Tag):
        return _row("trace_tags", field.key, comparison)
    if isinstance(field, Prompt):
        return _linked("prompt_version", comparison.value)
    if isinstance(field, Assessed):
        return _assessed(field, comparison, scope, layout)
    assert isinstance(field, Issue)
    return Sql(
        "trace.request_id IN (SELECT trace_id FROM assessments WHERE assessment_type = 'issue' AND name = ?)",
        (comparison.value,),
    )


def _compared(column: Sql, operator: Operator, value: Value) -> Sql:
    if operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        return column + f" {operator}"
    if isinstance(value, tuple):
        return column + f" {operator} " + marks(value)
    if operator is Operator.LIKE:
        return column + Sql(" GLOB ?", (glob(str(value)),))
    if operator is Operator.ILIKE:
        return column + Sql(" LIKE ?", (value,))
    if operator is Operator.RLIKE:
        return Sql("regexp(?, ", (value,)) + column + ")"
    return column + Sql(f" {operator} ?", (value,))


def _row(table: str, key: str, comparison: Comparison) -> Sql:
    """A condition on a tag or an entry of metadata. One that is not there meets none but IS NULL."""
    found = Sql(
        f"EXISTS (SELECT 1 FROM {table} AS entry WHERE entry.request_id = trace.request_id AND entry.key = ?", (key,)
    )
    if comparison.operator is Operator.IS_NULL:
        return "NOT " + found + ")"
    if comparison.operator is Operator.IS_NOT_NULL:
        return found + ")"
    return found + " AND " + _compared(Sql("entry.value"), comparison.operator, comparison.value) + ")"


def _of_run(comparison: Comparison) -> Sql:
    """A trace is of a run that it was made in, or linked to."""
    return (
        _linked("run", comparison.value)
        + " OR "
        + _row("trace_request_metadata", TraceMetadataKey.SOURCE_RUN, comparison)
    )


def _linked(type: str, id: Value) -> Sql:
    return Sql(
        "trace.request_id IN (SELECT source_id FROM entity_associations"
        " WHERE source_type = 'trace' AND destination_type = ? AND destination_id = ?)",
        (type, id),
    )


def _counted(columns: Sequence[str], comparison: Comparison) -> Sql:
    """Tokens or cost: there, not there, or exactly what the JSON says that MLflow would write of them."""
    is_known = Sql("(" + " OR ".join(f"trace.{column} IS NOT NULL" for column in columns) + ")")
    if comparison.operator is Operator.IS_NULL:
        return "NOT " + is_known
    if comparison.operator is Operator.IS_NOT_NULL:
        return is_known
    counts = _counts(str(comparison.value), columns)
    if counts is None:
        matches = Sql("0")
    else:
        matches = joined(" AND ", [Sql(f"trace.{column} IS ?", (counts.get(column),)) for column in columns])
    return matches if comparison.operator is Operator.EQUAL else is_known + " AND NOT (" + matches + ")"


def _counts(text: str, columns: Sequence[str]) -> Mapping[str, float] | None:
    """Counts as MLflow writes them, in that order and with those spaces; None for any other text."""
    try:
        counts = json.loads(text)
    except ValueError:
        return None
    if not isinstance(counts, dict) or not counts or not counts.keys() <= set(columns):
        return None
    kind = float if columns[0].endswith("_cost") else int
    if not all(type(count) is kind and math.isfinite(count) for count in counts.values()):
        return None
    return counts if json.dumps({key: counts[key] for key in columns if key in counts}) == text else None


def _assessed(field: Assessed, comparison: Comparison, scope: Sql, layout: Layout) -> Sql:
    """A condition on feedback or an expectation of the trace itself, or of the whole session that it is in."""
    counts = Sql(
        "assessment.assessment_type = ? AND assessment.name = ? AND assessment.valid", (field.type, field.name)
    )
    if comparison.operator not in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        counts += " AND " + _of_value(comparison)
    own = "trace.request_id IN (SELECT assessment.trace_id FROM assessments AS assessment WHERE " + counts + ")"
    session = column_of(Metadata(TraceMetadataKey.TRACE_SESSION), layout) or Sql(
        f"(SELECT value FROM trace_request_metadata WHERE request_id = trace.request_id"
        f" AND key = '{TraceMetadataKey.TRACE_SESSION}')"
    )
    of_session = (
        session
        + " IN (SELECT "
        + session
        + " FROM assessments AS assessment JOIN trace_info AS trace ON trace.request_id = assessment.trace_id WHERE "
        + counts
        + " AND "
        + scope
        + Sql(" AND instr(assessment.assessment_metadata, ?) > 0 AND ", (f'"{TraceMetadataKey.TRACE_SESSION}":',))
        + session
        + " IS NOT NULL)"
    )
    found = own + " OR coalesce(" + of_session + ", 0)"
    return "NOT (" + found + ")" if comparison.operator is Operator.IS_NULL else found


def _of_value(comparison: Comparison) -> Sql:
    """Values are stored as JSON: a text is compared with that of a string and of anything else."""
    operator, value = comparison.operator, comparison.value
    stored = Sql("assessment.value")
    if operator in (Operator.EQUAL, Operator.UNEQUAL):
        membership = Operator.IN if operator is Operator.EQUAL else Operator.NOT_IN
        return _compared(stored, membership, (str(value), json.dumps(value)))
    if isinstance(value, str):
        return _compared(stored, operator, value)
    return f"{_IS_NUMBER} AND " + _compared(Sql("CAST(assessment.value AS REAL)"), operator, value)


def _of_span(comparisons: Sequence[Comparison]) -> Iterator[Sql]:
    conditions = [_span_condition(comparison) for comparison in comparisons if isinstance(comparison.field, OF_SPANS)]
    if not conditions:
        return
    starts = [
        comparison.value
        for comparison in comparisons
        if comparison.field == Number("timestamp_ms")
        and comparison.operator in (Operator.GREATER, Operator.AT_LEAST)
        and isinstance(comparison.value, (int, float))
    ]
    if starts:
        since = int((max(starts) - CLOCK_SKEW_MS) * 1_000_000)
        conditions.insert(0, Sql("span.start_time_unix_nano >= ?", (since,)))
    yield (
        "EXISTS (SELECT 1 FROM spans AS span WHERE span.trace_id = trace.request_id"
        " AND span.experiment_id = trace.experiment_id AND " + joined(" AND ", conditions) + ")"
    )


def _span_condition(comparison: Comparison) -> Sql:
    field, operator, value = comparison.field, comparison.operator, comparison.value
    if isinstance(field, SpanColumn):
        return _compared(Sql(f"span.{field.name}"), operator, value)
    if isinstance(field, SpanAttribute):
        # What MLflow does: LIKE looks at all that comes after the key, and = finds nothing.
        value = _rlike(field.key, str(value)) if operator is Operator.RLIKE else f'%"{field.key}"{value}%'
    return _compared(Sql("span.content"), operator, value)


def _rlike(key: str, pattern: str) -> str:
    """A regular expression for the text of one attribute, for the text of all."""
    starts = "" if pattern.startswith("^") else ".*"
    ends = r"\\\"" if pattern.endswith("$") else ""
    return f'"{key}": "\\\\"{starts}{pattern.removeprefix("^").removesuffix("$")}{ends}'
