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
from genspan.exporters.mlflow.stores.sqlite.statements import Statement, insert, insert_missing, update, upsert
from genspan.exporters.mlflow.trace_size import SIZE_KEYS, byte_count, size_metadata

_logger = logging.getLogger(__name__)

FINALIZED: Final = "mlflow.trace.infoFinalized"
"""Metadata of a trace whose client has stated the facts of the whole: spans that come later change them no more."""

GENERATION: Final = "db_payload_generation"
"""Goes up with every write, by which MLflow's archival knows that a trace has changed since it looked (3.17.2)."""

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
    rejections, extended = [], []
    for trace in traces:
        before = stored.get(trace.trace_id)
        if before is None:
            facts = tables.facts(trace)
            tags = {**rows.tags(trace, layout), **rows.location_tags(trace, experiment)}
            metadata = rows.metadata(trace, layout)
            tables.add_trace(experiment.id, facts)
            sizes = tables.add_spans(insert, experiment.id, trace.spans)
            tables.tag(insert, trace, tags)
            tables.describe(insert, trace, {**metadata, **size_metadata(sizes, (facts, tags, metadata))})
        elif before.is_elsewhere:
            rejections.append(Rejection(trace.trace_id, "its spans have been moved out of the database"))
        else:
            _extend(connection, layout, tables, trace, before)
            if not before.is_finalized:
                extended.append(trace)
    tables.execute(connection)
    for trace in extended:
        tables.describe(upsert, trace, _stored_size(connection, tables.trace_info, trace.trace_id))
    tables.execute(connection)
    return rejections


def _extend(
    connection: sqlite3.Connection, layout: Layout, tables: Tables, trace: MlflowTrace, before: StoredTrace
) -> None:
    """Rows for a trace that is there, in whole or in part."""
    whole = _whole(connection, trace)
    facts = _joined(tables.facts(whole), before)
    tables.change_trace(facts)
    for statement, is_running in ((upsert, False), (insert_missing, True)):
        spans = (span for span in trace.spans if span.is_running is is_running)
        tables.add_spans(statement, before.experiment_id, spans)
    if facts["timestamp_ms"] != before.facts["timestamp_ms"]:
        tables.move_assessments(trace, facts["timestamp_ms"])
    root = root_of(whole.spans)
    brings_root = not before.is_finalized and any(span is root for span in trace.spans)
    what_it_says = upsert if brings_root else insert_missing
    tables.tag(what_it_says, trace, {**rows.tags(trace, layout), **rows.tags(whole, layout)})
    tables.describe(what_it_says, trace, rows.metadata(trace, layout))
    if not before.is_finalized:
        tables.describe(upsert, trace, rows.metadata(whole, layout))
        tables.forget(trace, rows.OF_THE_ROOT - whole.metadata.keys())


class Tables:
    """Rows to write, by the statement that writes them; in an order that keeps foreign keys whole."""

    def __init__(self, layout: Layout) -> None:
        self.trace_info = tuple(column for column in rows.TRACE_INFO if layout.has("trace_info", column))
        self.spans = tuple(column for column in rows.SPAN if layout.has("spans", column))
        self._no_facts = set(rows.TRACE_INFO).difference(self.trace_info)
        self._not_of_spans = set(rows.SPAN).difference(self.spans)
        self._has_assessments = layout.has("assessments", "trace_timestamp_ms")
        self._has_generation = layout.has("trace_info", GENERATION)
        self._pending: dict[str, list[Sequence[object]]] = {}

        generation = (GENERATION,) if self._has_generation else ()
        self._add_trace = self._rows(insert("trace_info", (), ("experiment_id", *self.trace_info, *generation)))
        self._change_trace = self._rows(update("trace_info", ("request_id",), self.trace_info, *generation))

    def facts(self, trace: MlflowTrace) -> dict[str, Any]:
        """The row of `trace_info`, without the experiment."""
        return _without(self._no_facts, rows.trace_info(trace))

    def add_trace(self, experiment_id: int, facts: Mapping[str, Any]) -> None:
        """A trace that is not there."""
        generation = (1,) if self._has_generation else ()
        self._add_trace.append((experiment_id, *facts.values(), *generation))

    def change_trace(self, facts: Mapping[str, Any]) -> None:
        """A trace that is there."""
        self._change_trace.append((*facts.values(), facts["request_id"]))

    def add_spans(self, statement: Statement, experiment_id: int, given: Iterable[MlflowSpan]) -> list[int]:
        """Spans of a trace, each once. Returns the bytes of each one's content."""
        spans = {span.span_id: span for span in given}.values()
        added = [_without(self._not_of_spans, rows.span(span)) for span in spans]
        pending = self._rows(statement("spans", ("trace_id", "span_id"), ("experiment_id", *self.spans)))
        pending.extend([(experiment_id, *row.values()) for row in added])
        return [byte_count(row["content"]) for row in added]

    def tag(self, statement: Statement, trace: MlflowTrace, tags: Mapping[str, str]) -> None:
        """Tags of a trace."""
        self._pairs(statement, "trace_tags", trace, tags)

    def describe(self, statement: Statement, trace: MlflowTrace, metadata: Mapping[str, str]) -> None:
        """Metadata of a trace."""
        self._pairs(statement, "trace_request_metadata", trace, metadata)

    def forget(self, trace: MlflowTrace, keys: Iterable[str]) -> None:
        """Metadata of a span that no longer speaks for the trace, now that the root has come."""
        forget = self._rows("DELETE FROM trace_request_metadata WHERE request_id = ? AND key = ?")
        forget.extend((trace.trace_id, key) for key in keys)

    def move_assessments(self, trace: MlflowTrace, timestamp_ms: int) -> None:
        """The trace has got an earlier start, of which its assessments keep a copy."""
        if self._has_assessments:
            move = self._rows("UPDATE assessments SET trace_timestamp_ms = ? WHERE trace_id = ?")
            move.append((timestamp_ms, trace.trace_id))

    def execute(self, connection: sqlite3.Connection) -> None:
        """Writes all that has been added since it last did."""
        for statement, pending in self._pending.items():
            if pending:
                connection.executemany(statement, pending)
                pending.clear()

    def _pairs(self, statement: Statement, table: str, trace: MlflowTrace, pairs: Mapping[str, str]) -> None:
        rows = self._rows(statement(table, ("key", "request_id"), ("request_id", "key", "value")))
        trace_id = trace.trace_id
        rows.extend([(trace_id, key, value) for key, value in pairs.items()])

    def _rows(self, statement: str) -> list[Sequence[object]]:
        return self._pending.setdefault(statement, [])


def _without(columns: Iterable[str], row: dict[str, Any]) -> dict[str, Any]:
    """The row without columns that a file lacks."""
    for column in columns:
        del row[column]
    return row


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


def _stored_size(connection: sqlite3.Connection, columns: Sequence[str], trace_id: str) -> dict[str, str]:
    """Metadata that says how large the trace is that is stored now."""

    def stored(query: str) -> list[Any]:
        return connection.execute(query, (trace_id,)).fetchall()

    sizes = [size for (size,) in stored("SELECT length(CAST(content AS BLOB)) FROM spans WHERE trace_id = ?")]
    (values,) = stored(f"SELECT {', '.join(columns)} FROM trace_info WHERE request_id = ?")
    tags = dict(stored("SELECT key, value FROM trace_tags WHERE request_id = ?"))
    metadata = dict(stored("SELECT key, value FROM trace_request_metadata WHERE request_id = ?"))
    for key in SIZE_KEYS:
        metadata.pop(key, None)
    return size_metadata(sizes, (dict(zip(columns, values, strict=True)), tags, metadata))


def _whole(connection: sqlite3.Connection, trace: MlflowTrace) -> MlflowTrace:
    """The trace with what all of its spans say of it, those that are stored and those that are given.

    What was said of a span while it ran counts for nothing once it has ended, even where it comes later.
    """
    spans = {
        span.span_id: span
        for (content,) in connection.execute("SELECT content FROM spans WHERE trace_id = ?", (trace.trace_id,))
        if (span := _read(content)) is not None
    }
    for span in trace.spans:
        if not span.is_running or span.span_id not in spans:
            spans[span.span_id] = span
    (whole,) = assemble(list(spans.values()), resource={})
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
