"""Conditions on traces as SQL over `trace_info AS trace`.

What each field means is as `SqlAlchemyStore` has it in mlflow 3.17.2 (`_get_filter_clauses_for_search_traces`). Where
the file is of an older release, session, name, tokens and cost are looked for where that release kept them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
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
    Tag,
    Text,
    Value,
)
from genspan.mlflow.store.sqlite.columns import counted, promoted
from genspan.mlflow.store.sqlite.comparing import compared
from genspan.mlflow.store.sqlite.span_conditions import OF_SPANS
from genspan.mlflow.store.sqlite.sql import Sql, joined, marks

_IS_NUMBER: Final = "(assessment.value GLOB '[0-9]*' OR assessment.value GLOB '-[0-9]*')"

SESSION: Final = Metadata(TraceMetadataKey.TRACE_SESSION)


def on_traces(comparisons: Sequence[Comparison], experiment_ids: Sequence[int], layout: Layout) -> list[Sql]:
    """What traces of some experiments must meet, but for what their spans must."""
    scope = "trace.experiment_id IN " + marks(experiment_ids)
    conditions = [
        "(" + _condition(comparison, scope, layout) + ")"
        for comparison in comparisons
        if not isinstance(comparison.field, OF_SPANS)
    ]
    return [scope, *conditions]


def name_few(comparisons: Sequence[Comparison], layout: Layout) -> bool:
    """Whether an index leads to all traces that can meet the conditions, and there are not many.

    SQLite does not know: without statistics (MLflow makes none) it walks through all traces in the order asked for.
    """
    return any(
        comparison.operator in (Operator.EQUAL, Operator.IN)
        and (
            comparison.field in (Text("request_id"), Prompt(), Issue())
            or (comparison.field == SESSION and column_of(SESSION, layout) is not None)
        )
        for comparison in comparisons
    )


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


def _condition(comparison: Comparison, scope: Sql, layout: Layout) -> Sql:
    field = comparison.field
    column = column_of(field, layout)
    if column is not None:
        return compared(column, comparison.operator, comparison.value)
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


def _row(table: str, key: str, comparison: Comparison) -> Sql:
    """A condition on a tag or an entry of metadata. One that is not there meets none but IS NULL."""
    found = Sql(
        f"EXISTS (SELECT 1 FROM {table} AS entry WHERE entry.request_id = trace.request_id AND entry.key = ?", (key,)
    )
    if comparison.operator is Operator.IS_NULL:
        return "NOT " + found + ")"
    if comparison.operator is Operator.IS_NOT_NULL:
        return found + ")"
    return found + " AND " + compared(Sql("entry.value"), comparison.operator, comparison.value) + ")"


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
    session = column_of(SESSION, layout) or Sql(
        f"(SELECT value FROM trace_request_metadata WHERE request_id = trace.request_id AND key = '{SESSION.key}')"
    )
    of_session = (
        "SELECT "
        + session
        + " FROM assessments AS assessment JOIN trace_info AS trace ON trace.request_id = assessment.trace_id WHERE "
        + joined(" AND ", [counts, scope, Sql("instr(assessment.assessment_metadata, ?) > 0", (f'"{SESSION.key}":',))])
    )
    judged = (
        "(SELECT assessment.trace_id FROM assessments AS assessment WHERE "
        + counts
        + " UNION SELECT trace.request_id FROM trace_info AS trace WHERE "
        + joined(" AND ", [scope, session + " IN (" + of_session + ")"])
        + ")"
    )
    return f"trace.request_id {'NOT IN' if comparison.operator is Operator.IS_NULL else 'IN'} " + judged


def _of_value(comparison: Comparison) -> Sql:
    """Values are stored as JSON: a text is compared with that of a string and of anything else."""
    operator, value = comparison.operator, comparison.value
    stored = Sql("assessment.value")
    if operator in (Operator.EQUAL, Operator.UNEQUAL):
        membership = Operator.IN if operator is Operator.EQUAL else Operator.NOT_IN
        return compared(stored, membership, (str(value), json.dumps(value)))
    if isinstance(value, str):
        return compared(stored, operator, value)
    return f"{_IS_NUMBER} AND " + compared(Sql("CAST(assessment.value AS REAL)"), operator, value)
