"""Files of older releases of MLflow, which keep name, session, tokens and cost as rows."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from genspan.mlflow.entities import AssessmentSource, Feedback
from genspan.mlflow.store.sqlite import SqliteTraceStore
from support import search_table
from support.varied_traces import Varied

SINCE_3_17 = {
    "trace_info": (
        "db_payload_generation", "trace_name", "session_id", "input_tokens", "output_tokens", "total_tokens",
        "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation_input_tokens_above_1hr", "input_cost",
        "output_cost", "total_cost",
    ),
    "assessments": ("experiment_id", "trace_timestamp_ms", "aggregate_value", "is_numeric_value"),
}  # fmt: skip
"""Columns that MLflow 3.10 has not."""

REVISION_3_10 = "1b5f0d9ad7c1"


def as_of_3_10(path: Path) -> None:
    """Makes a file one of MLflow 3.10, with the same traces."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        for row in map(dict, connection.execute("SELECT * FROM trace_info").fetchall()):
            usage, cost = (
                {column: row[column] for column in columns if row.get(column) is not None}
                for columns in (SINCE_3_17["trace_info"][3:9], SINCE_3_17["trace_info"][9:])
            )
            for table, key, value in (
                ("trace_tags", "mlflow.traceName", row["trace_name"]),
                ("trace_request_metadata", "mlflow.trace.session", row["session_id"]),
                ("trace_request_metadata", "mlflow.trace.tokenUsage", json.dumps(usage) if usage else None),
                ("trace_request_metadata", "mlflow.trace.cost", json.dumps(cost) if cost else None),
            ):
                if value is not None:
                    statement = f"INSERT INTO {table} (request_id, key, value) VALUES (?, ?, ?)"
                    connection.execute(statement, (row["request_id"], key, value))
        indexes = connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
        for name, table, sql in indexes.fetchall():
            if any(re.search(rf"\b{column}\b", sql) for column in SINCE_3_17.get(table, ())):
                connection.execute(f'DROP INDEX "{name}"')
        for table, columns in SINCE_3_17.items():
            there = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
            definition = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
            for column in columns:
                if column in there:
                    assert f"CHECK ({column}" not in definition
                    connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("DROP TABLE review_queue_items")
        connection.execute("UPDATE alembic_version SET version_num = ?", (REVISION_3_10,))
    connection.close()


@pytest.fixture
def old(copy: Varied) -> SqliteTraceStore:
    """Our store of a file of 3.10."""
    as_of_3_10(copy.path)
    return SqliteTraceStore(copy.uri)


def test_every_trace_is_read_the_same(varied: Varied, ours: SqliteTraceStore, old: SqliteTraceStore) -> None:
    for trace_id in varied.traces:
        assert old.get_trace(trace_id).to_dict() == ours.get_trace(trace_id).to_dict()


def test_every_filter_and_order_finds_the_same(varied: Varied, ours: SqliteTraceStore, old: SqliteTraceStore) -> None:
    def found(store: SqliteTraceStore, filter_string: str | None, order_by: tuple[str, ...]) -> list[str]:
        traces = store.search_traces(
            experiment_ids=varied.experiments,
            filter_string=filter_string,
            max_results=1000,
            order_by=order_by,
            include_spans=False,
        )
        return [trace.info.trace_id for trace in traces]

    for text in search_table.VALID:
        text = search_table.filled_in(text, varied.traces[14], varied.runs[0])
        assert found(old, text, ()) == found(ours, text, ()), text
    for order_by in search_table.ORDERS:
        assert found(old, None, order_by) == found(ours, None, order_by), order_by


def test_it_is_written_to(varied: Varied, old: SqliteTraceStore) -> None:
    trace_id = varied.traces[0]

    old.set_trace_tag(trace_id, "mlflow.traceName", "renamed")
    judged = old.create_assessment(Feedback("good", 0.5, source=AssessmentSource("HUMAN", "mia"), trace_id=trace_id))
    changed = old.update_assessment(trace_id, str(judged.assessment_id), feedback=Feedback("good", 0.75))

    assert changed.feedback is not None
    assert changed.feedback.value == 0.75
    (found,) = old.search_traces(
        experiment_ids=varied.experiments, filter_string="name = 'renamed' AND feedback.good > 0.7"
    )
    assert found.info.trace_id == trace_id
    old.delete_trace_tag(trace_id, "mlflow.traceName")
    assert old.search_traces(experiment_ids=varied.experiments, filter_string="name = 'renamed'") == []
    assert old.delete_traces("0", trace_ids=[trace_id]) + old.delete_traces("1", trace_ids=[trace_id]) == 1
