"""Traces per second into MLflow's SQLite schema: genspan, a bare `executemany` of the same bytes, MLflow's own client.

    python benchmarks/sqlite_store.py [traces]      # 1000 unless told otherwise

Five spans a trace, about 1.6 kB of messages each, ids at random. One process after the other would see a different
machine each, so all take turns in one process, round after round; what is shown is the median of the rounds, and the
median of the ratios within a round, of the time on the clock and of the CPU's.

- *bare*: the rows ready-made, as the store has left them in a file, into a new file with the same pragmas and
  transactions. The ratio to it is what all else costs: rows, JSON, looking at the schema and at what is there.
- *store*: the same from `MlflowTrace`s.
- *exporter*: from OpenTelemetry spans; adds translation, prices and assembly.
- *log_spans*: MLflow's store (`SqlAlchemyStore.log_spans`), given the exporter's spans ready-made, without the call
  that states a trace's facts.
- *MLflow's client*: `mlflow.start_span_no_context` with its asynchronous logging as it is set up by default, until its
  queue is empty. Beside it stands genspan end to end: the SDK's spans and its batch processor, until it is flushed.

At first: how much memory an export takes, for batches of 100 traces and for one span of 10 MB.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, set_span_in_context

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
ROUNDS = 5
CLIENT_ROUNDS = 3
CLIENT_TRACES = 150
"""Fewer: MLflow's client takes seconds for these, and the SDK's batch processor keeps 2048 spans, no more."""

Write = Callable[[int, int], object]


def messages(number: int, index: int) -> tuple[str, str]:
    """What the user and the assistant say, about 800 characters each."""
    return f"{number}.{index}? " + "lorem ipsum " * 65, f"{number}.{index}! " + "lorem ipsum " * 65


def attributes(number: int, index: int) -> dict[str, str | int]:
    def said(role: str, text: str) -> str:
        return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])

    question, answer = messages(number, index)
    return {
        "gen_ai.operation.name": "chat" if index else "invoke_agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 100 + number % 977,
        "gen_ai.usage.output_tokens": 50 + index,
        "gen_ai.input.messages": said("user", question),
        "gen_ai.output.messages": said("assistant", answer),
    }


def recorded(number: int) -> list[ReadableSpan]:
    """A trace of five spans; the same for the same number."""
    ids = random.Random(number)
    trace_id, span_ids = ids.getrandbits(128), [ids.getrandbits(64) for _ in range(SPANS)]
    now = time.time_ns()
    return [
        ReadableSpan(
            name="chat gpt-4o",
            context=SpanContext(trace_id, span_id, is_remote=False),
            parent=SpanContext(trace_id, span_ids[0], is_remote=False) if index else None,
            resource=RESOURCE,
            attributes=attributes(number, index),
            start_time=now,
            end_time=now + 1_000_000,
        )
        for index, span_id in enumerate(span_ids)
    ]


def translated(spans: Sequence[ReadableSpan]) -> list[MlflowTrace]:
    return assemble(list(map(translate, spans)), RESOURCE.attributes, program_metadata())


class Seconds(NamedTuple):
    wall: float
    cpu: float


def seconds(write: Write, count: int, batch: int) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    for first in range(0, count, batch):
        write(first, min(first + batch, count))
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def empty(path: Path, journal_mode: str) -> None:
    SqliteStore(f"sqlite:///{path}").write([], Experiment())
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.close()


def bare(path: Path, source: Path, ids: Sequence[str]) -> Write:
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
    if target.execute("PRAGMA journal_mode").fetchone() == ("delete",):
        target.execute("PRAGMA journal_mode = PERSIST")  # As the store has it.

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


def to_store(path: Path, traces: Sequence[MlflowTrace]) -> Write:
    store = SqliteStore(f"sqlite:///{path}")

    def write(first: int, last: int) -> None:
        assert not store.write(traces[first:last], Experiment())

    return write


def to_exporter(path: Path, spans: Sequence[Sequence[ReadableSpan]]) -> Write:
    exporter = MlflowSpanExporter(f"sqlite:///{path}")
    return lambda first, last: exporter.export([span for members in spans[first:last] for span in members])


def round_of_writers(
    folder: Path, spans: Sequence[Sequence[ReadableSpan]], journal_mode: str, batch: int
) -> dict[str, Seconds]:
    """What each writer takes for the same traces."""
    traces = [trace for members in spans for trace in translated(members)]
    paths = {name: folder / f"{name}.db" for name in ("store", "exporter", "bare")}
    for path in paths.values():
        empty(path, journal_mode)
    gc.collect()
    gc.freeze()  # What is ready-made here would be new to the collector, and be looked at again and again.
    store, exporter = to_store(paths["store"], traces), to_exporter(paths["exporter"], spans)
    taken = {"store": seconds(store, len(spans), batch), "exporter": seconds(exporter, len(spans), batch)}
    ready = bare(paths["bare"], paths["store"], [trace.trace_id for trace in traces])
    taken["bare"] = seconds(ready, len(spans), batch)
    gc.unfreeze()
    for path in folder.glob("*.db*"):
        path.unlink()
    return taken


def compare_with_bare(folder: Path, count: int) -> None:
    spans = [recorded(number) for number in range(count)]
    print(f"{count} traces of {SPANS} spans; SQLite {sqlite3.sqlite_version}; medians of {ROUNDS} rounds; traces/s")
    print(f"{'':14} {'bare':>7} {'store':>21} {'exporter':>21}")
    print(f"{'journal':8} {'batch':>5} {'':7}" + f" {'':>7} {'ratio':>6} {'of CPU':>6}" * 2)
    for journal_mode in ("delete", "wal"):
        for batch in BATCHES:
            some = spans[: min(count, batch * 100)]
            rounds = [round_of_writers(folder, some, journal_mode, batch) for _ in range(ROUNDS)]
            row = f"{journal_mode:8} {batch:5} {len(some) / median(taken['bare'].wall for taken in rounds):7.0f}"
            for name in ("store", "exporter"):
                rate = len(some) / median(taken[name].wall for taken in rounds)
                ratio = median(taken["bare"].wall / taken[name].wall for taken in rounds)
                cpu_ratio = median(taken["bare"].cpu / taken[name].cpu for taken in rounds)
                row += f" {rate:7.0f} {ratio:6.2f} {cpu_ratio:6.2f}"
            print(row, flush=True)


def by_log_spans(path: Path, batch: int) -> float:
    from mlflow.entities import Span
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{path}", str(path.parent))
    made = []
    for number in range(CLIENT_TRACES):
        for span in recorded(number):
            held = ReadableSpan(
                name=span.name,
                context=span.context,
                parent=span.parent,
                attributes=translate(span).attributes,
                start_time=span.start_time,
                end_time=span.end_time,
            )
            made.append(Span(held))
    store.log_spans("0", made[:SPANS])  # Its caches.
    taken = seconds(lambda first, last: store.log_spans("0", made[first * SPANS : last * SPANS]), CLIENT_TRACES, batch)
    store._dispose_engine()
    return taken.wall


def by_mlflow_client(uri: str, count: int) -> float:
    """Seconds of MLflow's own client, whose spans hold the same messages in its own form."""
    import mlflow

    mlflow.set_tracking_uri(uri)

    def trace(number: int) -> None:
        root = None
        for index in range(SPANS):
            question, answer = messages(number, index)
            span = mlflow.start_span_no_context(
                "chat gpt-4o",
                span_type="CHAT_MODEL" if index else "AGENT",
                parent_span=root,
                inputs={"model": "gpt-4o", "messages": [{"role": "user", "content": question}]},
            )
            span.set_outputs({"choices": [{"index": 0, "message": {"role": "assistant", "content": answer}}]})
            root = root or span
            if span is not root:
                span.end()
        root.end()

    trace(0)
    mlflow.flush_trace_async_logging()
    start = time.perf_counter()
    for number in range(count):
        trace(number)
    mlflow.flush_trace_async_logging()
    return time.perf_counter() - start


def by_genspan(path: Path) -> float:
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(MlflowSpanExporter(f"sqlite:///{path}")))
    tracer = provider.get_tracer("benchmark")

    def trace(number: int) -> None:
        root = tracer.start_span("chat gpt-4o", attributes=attributes(number, 0))
        context = set_span_in_context(root)
        for index in range(1, SPANS):
            tracer.start_span("chat gpt-4o", context, attributes=attributes(number, index)).end()
        root.end()

    trace(0)
    provider.force_flush()
    start = time.perf_counter()
    for number in range(CLIENT_TRACES):
        trace(number)
    provider.force_flush()
    taken = time.perf_counter() - start
    provider.shutdown()
    return taken


def stored(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("SELECT count(DISTINCT trace_id) FROM spans").fetchone()
    connection.close()
    return int(count)


def compare_with_mlflow(folder: Path) -> None:
    import logging

    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    fresh = folder / "fresh"
    SqlAlchemyStore(f"sqlite:///{fresh}", str(folder))._dispose_engine()
    contenders: dict[str, Callable[[Path], float]] = {
        "genspan, end to end": by_genspan,
        "MLflow's client, end to end": lambda path: by_mlflow_client(f"sqlite:///{path}", CLIENT_TRACES),
        "log_spans, 1 trace a call": lambda path: by_log_spans(path, 1),
        "log_spans, 100 traces a call": lambda path: by_log_spans(path, 100),
    }
    rounds: list[dict[str, float]] = []
    for number in range(CLIENT_ROUNDS):
        taken = {}
        for index, (name, write) in enumerate(contenders.items()):
            path = folder / f"client-{number}-{index}.db"
            path.write_bytes(fresh.read_bytes())
            taken[name] = write(path)
            assert stored(path) in (CLIENT_TRACES, CLIENT_TRACES + 1), (name, stored(path))
        rounds.append(taken)
    print(f"{CLIENT_TRACES} traces into a file made by MLflow; medians of {CLIENT_ROUNDS} rounds")
    for name in contenders:
        rate = CLIENT_TRACES / median(taken[name] for taken in rounds)
        ratio = median(taken[name] / taken["genspan, end to end"] for taken in rounds)
        print(f"{name:30} {rate:7.1f} traces/s   genspan is {ratio:5.1f} x as fast", flush=True)


def held(name: str) -> float:
    """MB that the process holds (`VmRSS`), or has held at most (`VmHWM`) since `forget_peak`. Linux alone knows."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


def forget_peak() -> float:
    """Starts the peak anew; returns what is held now, in MB."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return held("VmRSS")


def batches_of(count: int, batch: int = 100) -> Iterator[list[ReadableSpan]]:
    for first in range(0, count, batch):
        yield [span for number in range(first, first + batch) for span in recorded(number)]


def memory(folder: Path) -> None:
    """Prints what a process holds at most while it exports, beyond what it held before with a batch of spans."""
    exporter = MlflowSpanExporter(f"sqlite:///{folder / 'memory.db'}")
    exporter.export(recorded(0))
    batch = next(batches_of(100))
    before = forget_peak()
    for count in (1_000, 10_000):
        for batch in batches_of(count):
            exporter.export(batch)
        print(f"{count:6} traces in batches of 100: {held('VmHWM') - before:5.1f} MB at most")
    text = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x" * 10_000_000}]}])
    batch = recorded(1_000_000)
    batch[1]._attributes = {**attributes(0, 1), "gen_ai.input.messages": text}
    before = forget_peak()
    exporter.export(batch)
    print(f"     1 trace with a message of 10 MB: {held('VmHWM') - before:5.1f} MB at most", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["GENSPAN_OUTBOX_DIR"] = name
        if sys.argv[1:] == ["memory"]:
            memory(folder)
            return
        subprocess.run([sys.executable, __file__, "memory"], check=True)
        compare_with_mlflow(folder)
        compare_with_bare(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 1000)


if __name__ == "__main__":
    main()
