"""Writes traces into the tables, joined with what is stored of them already."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from genspan.exporters.mlflow.assemble import assemble, root_of
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.contract import Rejection
from genspan.exporters.mlflow.stores.sqlite import rows, span_content
from genspan.exporters.mlflow.stores.sqlite.experiments import StoredExperiment
from genspan.exporters.mlflow.stores.sqlite.schema import Layout
from genspan.exporters.mlflow.stores.sqlite.statements import insert_missing, upsert

_logger = logging.getLogger(__name__)

FINALIZED: Final = "mlflow.trace.infoFinalized"
"""Metadata of a trace whose client has stated the facts of the whole: spans that come later change them no more."""

GENERATION: Final = "db_payload_generation"

UNENDED: Final = frozenset({"IN_PROGRESS", "STATE_UNSPECIFIED"})

IDS_PER_QUERY: Final = 500
"""SQLite before 3.32 takes 999 parameters."""


@dataclass(slots=True)
class StoredTrace:
    """What the file holds of a trace before this write."""

    experiment_id: int
    facts: Mapping[str, Any]
    """Its row of `trace_info`."""
    is_finalized: bool
    is_elsewhere: bool
    """MLflow has moved its spans out of the database: archived, or kept as artifacts."""


def write(
    connection: sqlite3.Connection, layout: Layout, experiment: StoredExperiment, traces: Sequence[MlflowTrace]
) -> list[Rejection]:
    """Writes traces of distinct ids, in the caller's transaction; returns those that cannot be written to any more.

    A trace that is there already keeps its experiment. Its facts are assembled anew from all of its spans, stored and
    given, so that they are the same whatever parts the trace came in, in whatever order, and however often.
    """
    tables = Tables(layout)
    stored = _stored(connection, tables.trace_info, [trace.trace_id for trace in traces])
    rejections = []
    for trace in traces:
        before = stored.get(trace.trace_id)
        if before is None:
            tables.add(trace, experiment.id, tables.facts(trace))
            tables.tag(trace, rows.tags(trace, layout), overwrite=True)
            tables.describe(trace, rows.metadata(trace, layout), overwrite=True)
        elif before.is_elsewhere:
            rejections.append(Rejection(trace.trace_id, "its spans have been moved out of the database"))
            continue
        else:
            whole = _whole(connection, trace)
            facts = _joined(tables.facts(whole), before)
            tables.add(trace, before.experiment_id, facts)
            if facts["timestamp_ms"] != before.facts["timestamp_ms"]:
                tables.move_assessments(trace, facts["timestamp_ms"])
            root = root_of(whole.spans)
            speaks = not before.is_finalized and any(span is root for span in trace.spans)
            tables.tag(trace, {**rows.tags(trace, layout), **rows.tags(whole, layout)}, overwrite=speaks)
            tables.describe(trace, rows.metadata(trace, layout), overwrite=speaks)
            tables.describe(trace, rows.metadata(whole, layout), overwrite=not before.is_finalized)
            if not before.is_finalized:
                tables.forget(trace, rows.OF_THE_ROOT - whole.metadata.keys())
        tables.tag(trace, rows.location_tags(trace, experiment), overwrite=False)
    tables.execute(connection)
    return rejections


class Tables:
    """Rows to write, by the statement that writes them; in an order that keeps foreign keys whole."""

    def __init__(self, layout: Layout) -> None:
        self.trace_info = [column for column in rows.TRACE_INFO if layout.has("trace_info", column)]
        self.spans = [column for column in rows.SPAN if layout.has("spans", column)]
        # MLflow's archival gives up on a trace whose generation has moved on since it looked (3.17.2).
        counter = GENERATION if layout.has("trace_info", GENERATION) else None
        self._pending: dict[str, list[Sequence[object]]] = {}
        self._add_trace = self._statement(
            upsert("trace_info", ("request_id",), ("experiment_id", *self.trace_info), counter=counter)
        )
        self._add_span = self._statement(upsert("spans", ("trace_id", "span_id"), ("experiment_id", *self.spans)))
        self._add_pair = {
            (table, overwrite): self._statement(statement(table, ("key", "request_id"), ("request_id", "key", "value")))
            for table in ("trace_tags", "trace_request_metadata")
            for overwrite, statement in ((True, upsert), (False, insert_missing))
        }
        self._forget = self._statement("DELETE FROM trace_request_metadata WHERE request_id = ? AND key = ?")
        self._has_assessments = layout.has("assessments", "trace_timestamp_ms")
        self._move_assessments = self._statement("UPDATE assessments SET trace_timestamp_ms = ? WHERE trace_id = ?")

    def facts(self, trace: MlflowTrace) -> dict[str, Any]:
        """The row of `trace_info`, without the experiment."""
        return {column: rows.TRACE_INFO[column](trace) for column in self.trace_info}

    def add(self, trace: MlflowTrace, experiment_id: int, facts: Mapping[str, Any]) -> None:
        """A trace with these facts, and its spans."""
        self._add_trace.append((experiment_id, *facts.values()))
        of_span = [rows.SPAN[column] for column in self.spans]
        self._add_span.extend((experiment_id, *(value(span) for value in of_span)) for span in trace.spans)

    def tag(self, trace: MlflowTrace, tags: Mapping[str, str], *, overwrite: bool) -> None:
        """Tags of a trace."""
        self._add_pair["trace_tags", overwrite].extend((trace.trace_id, *tag) for tag in tags.items())

    def describe(self, trace: MlflowTrace, metadata: Mapping[str, str], *, overwrite: bool) -> None:
        """Metadata of a trace."""
        self._add_pair["trace_request_metadata", overwrite].extend((trace.trace_id, *pair) for pair in metadata.items())

    def forget(self, trace: MlflowTrace, keys: Iterable[str]) -> None:
        """Metadata of a span that no longer speaks for the trace, now that the root has come."""
        self._forget.extend((trace.trace_id, key) for key in keys)

    def move_assessments(self, trace: MlflowTrace, timestamp_ms: int) -> None:
        """The trace has got an earlier start, of which its assessments keep a copy."""
        if self._has_assessments:
            self._move_assessments.append((timestamp_ms, trace.trace_id))

    def execute(self, connection: sqlite3.Connection) -> None:
        """Writes all that has been added."""
        for statement, pending in self._pending.items():
            if pending:
                connection.executemany(statement, pending)

    def _statement(self, statement: str) -> list[Sequence[object]]:
        return self._pending.setdefault(statement, [])


def _stored(connection: sqlite3.Connection, columns: Sequence[str], ids: Sequence[str]) -> dict[str, StoredTrace]:
    found = {}
    for first in range(0, len(ids), IDS_PER_QUERY):
        some = ids[first : first + IDS_PER_QUERY]
        query = f"""
            SELECT
                trace.experiment_id,
                EXISTS (
                    SELECT 1 FROM trace_request_metadata AS metadata
                    WHERE metadata.request_id = trace.request_id AND metadata.key = '{FINALIZED}'
                ),
                (
                    SELECT tag.value FROM trace_tags AS tag
                    WHERE tag.request_id = trace.request_id AND tag.key = '{rows.SPANS_LOCATION}'
                ),
                {", ".join(columns)}
            FROM trace_info AS trace WHERE request_id IN ({", ".join("?" * len(some))})
        """
        for experiment_id, is_finalized, location, *values in connection.execute(query, some):
            facts = dict(zip(columns, values, strict=True))
            is_elsewhere = location not in (None, rows.TRACKING_STORE)
            found[facts["request_id"]] = StoredTrace(experiment_id, facts, bool(is_finalized), is_elsewhere)
    return found


def _whole(connection: sqlite3.Connection, trace: MlflowTrace) -> MlflowTrace:
    """The trace with what all of its spans say of it, those that are stored and those that are given."""
    given = {span.span_id: span for span in trace.spans}
    spans = [
        span
        for (content,) in connection.execute("SELECT content FROM spans WHERE trace_id = ?", (trace.trace_id,))
        if (span := _read(content)) is not None and span.span_id not in given
    ]
    (whole,) = assemble([*spans, *given.values()], resource={})
    return whole


def _read(content: str) -> MlflowSpan | None:
    try:
        return span_content.read(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        _logger.debug("A stored span cannot be read and counts for nothing", exc_info=True)
        return None


def _joined(whole: Mapping[str, Any], before: StoredTrace) -> dict[str, Any]:
    """The row of `trace_info`: what all spans say, and from the row that is there what no span can say.

    A trace that has ended stays so. What a client has finalized stays too, and only its gaps are filled, as in MLflow's
    `log_spans` (3.17.2).
    """
    joined = {
        column: stored
        if stored is not None and (before.is_finalized or column == "client_request_id")
        else whole[column]
        for column, stored in before.facts.items()
    }
    states = [whole["status"], before.facts["status"]]
    if before.is_finalized:
        states.reverse()
    joined["status"] = next((state for state in states if state not in UNENDED), "IN_PROGRESS")
    return joined
