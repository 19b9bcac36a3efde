"""Traces per second into MLflow's SQLite schema: the store against a bare `executemany` of the same rows.

    python benchmarks/sqlite_store.py [traces]

The bare writer gets the rows ready-made, as the store has left them in a file, and writes them into a new file with the
same pragmas and transactions. So the ratio is what the store costs beyond SQLite: looking at the schema, making rows
and JSON, joining with what is there. The exporter's ratio adds translation from OpenTelemetry spans and assembly.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.source import program_metadata
from genspan.exporters.mlflow.stores import Experiment
from genspan.exporters.mlflow.stores.sqlite import SqliteStore
from genspan.exporters.mlflow.translate import translate

SPANS = 5
RESOURCE = Resource({"service.name": "benchmark"})
TABLES = ("trace_info", "spans", "trace_tags", "trace_request_metadata")
BATCHES = (1, 20, 100)
ROUNDS = 3


def recorded(number: int) -> list[ReadableSpan]:
    """A trace of five spans with about 1.6 kB of messages each."""

    def said(role: str) -> str:
        return json.dumps([{"role": role, "parts": [{"type": "text", "content": f"{number} " + "lorem ipsum " * 65}]}])

    now = time.time_ns()
    return [
        ReadableSpan(
            name="chat gpt-4o",
            context=SpanContext(number + 1, index + 1, is_remote=False),
            parent=SpanContext(number + 1, 1, is_remote=False) if index else None,
            resource=RESOURCE,
            attributes={
                "gen_ai.operation.name": "chat" if index else "invoke_agent",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.output_tokens": 50,
                "gen_ai.input.messages": said("user"),
                "gen_ai.output.messages": said("assistant"),
            },
            start_time=now,
            end_time=now + 1_000_000,
        )
        for index in range(SPANS)
    ]


def seconds(write: Callable[[int, int], object], count: int, batch: int) -> float:
    start = time.perf_counter()
    for first in range(0, count, batch):
        write(first, min(first + batch, count))
    return time.perf_counter() - start


def empty(path: Path, journal_mode: str) -> None:
    SqliteStore(f"sqlite:///{path}").write([], Experiment())
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.close()


def bare(path: Path, source: Path, ids: Sequence[str]) -> Callable[[int, int], None]:
    """Writes the rows of `source` with one INSERT per table and batch."""
    with sqlite3.connect(source) as connection:
        columns, rows = {}, {}
        for table in TABLES:
            key = "trace_id" if table == "spans" else "request_id"
            # Generated columns cannot be written.
            columns[table] = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
            chosen = ", ".join(columns[table])
            rows[table] = {
                id: connection.execute(f"SELECT {chosen} FROM {table} WHERE {key} = ?", (id,)).fetchall() for id in ids
            }
    connection.close()
    target = sqlite3.connect(path, isolation_level=None)
    target.execute("PRAGMA foreign_keys = ON")

    def write(first: int, last: int) -> None:
        target.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            marks = ", ".join("?" * len(columns[table]))
            target.executemany(
                f"INSERT INTO {table} ({', '.join(columns[table])}) VALUES ({marks})",
                [row for id in ids[first:last] for row in rows[table][id]],
            )
        target.execute("COMMIT")

    return write


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    spans = [recorded(number) for number in range(count)]
    traces: list[MlflowTrace] = [
        trace
        for members in spans
        for trace in assemble(list(map(translate, members)), RESOURCE.attributes, program_metadata())
    ]
    print(f"{count} traces of {SPANS} spans; SQLite {sqlite3.sqlite_version}; best of {ROUNDS}; traces/s")
    print(f"{'journal':8} {'batch':>5} {'bare':>7} {'store':>7} {'ratio':>6} {'exporter':>9} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENSPAN_OUTBOX_DIR"] = folder
        for journal_mode in ("delete", "wal"):
            for batch in BATCHES:
                some = min(count, batch * 100)
                times: dict[str, list[float]] = {"bare": [], "store": [], "exporter": []}
                for round in range(ROUNDS):
                    paths = {name: Path(folder) / f"{name}-{journal_mode}-{batch}-{round}.db" for name in times}
                    for path in paths.values():
                        empty(path, journal_mode)
                    store = SqliteStore(f"sqlite:///{paths['store']}")
                    exporter = MlflowSpanExporter(f"sqlite:///{paths['exporter']}")

                    def to_store(first: int, last: int, store: SqliteStore = store) -> None:
                        assert not store.write(traces[first:last], Experiment())

                    def to_exporter(first: int, last: int, exporter: MlflowSpanExporter = exporter) -> None:
                        exporter.export([span for members in spans[first:last] for span in members])

                    times["store"].append(seconds(to_store, some, batch))
                    times["exporter"].append(seconds(to_exporter, some, batch))
                    ids = [trace.trace_id for trace in traces[:some]]
                    times["bare"].append(seconds(bare(paths["bare"], paths["store"], ids), some, batch))
                    for path in paths.values():
                        path.unlink()
                best = {name: some / min(taken) for name, taken in times.items()}
                ratio = {name: rate / best["bare"] for name, rate in best.items()}
                print(
                    f"{journal_mode:8} {batch:5} {best['bare']:7.0f} {best['store']:7.0f} {ratio['store']:6.2f}"
                    f" {best['exporter']:9.0f} {ratio['exporter']:6.2f}"
                )


if __name__ == "__main__":
    main()
