"""Rollback journal against WAL, where processes write one MLflow file while others read it.

    python benchmarks/sqlite_readers.py [traces per writer]

Writers are exporters in processes of their own; readers do what MLflow's UI does: list the latest traces and open one,
again and again. For each journal mode: traces/s of all writers together, the longest export, and the median and longest
time of a reader's two queries. Best of three rounds, in which the modes take turns.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sqlite_store import empty, recorded

from genspan.exporters.mlflow import MlflowSpanExporter

MODES = ("delete", "wal")
BATCHES = (1, 20, 100)
WRITERS = 4
READERS = 2
ROUNDS = 3

LIST = "SELECT * FROM trace_info ORDER BY timestamp_ms DESC LIMIT 100"
OPEN = "SELECT content FROM spans WHERE trace_id = (SELECT request_id FROM trace_info ORDER BY timestamp_ms LIMIT 1)"


def write(path: Path, first: int, count: int, batch: int, start: Barrier, results: multiprocessing.Queue) -> None:
    traces = [recorded(number) for number in range(first, first + count)]
    exporter = MlflowSpanExporter(f"sqlite:///{path}")
    start.wait()
    longest, begun = 0.0, time.perf_counter()
    for index in range(0, count, batch):
        before = time.perf_counter()
        exporter.export([span for trace in traces[index : index + batch] for span in trace])
        longest = max(longest, time.perf_counter() - before)
    assert exporter.force_flush()
    results.put(("writer", time.perf_counter() - begun, longest))
    exporter.shutdown()


def read(path: Path, start: Barrier, stop: Event, results: multiprocessing.Queue) -> None:
    connection = sqlite3.connect(path, timeout=5)
    taken = []
    start.wait()
    while not stop.is_set():
        begun = time.perf_counter()
        connection.execute(LIST).fetchall()
        connection.execute(OPEN).fetchall()
        taken.append(time.perf_counter() - begun)
        time.sleep(0.02)
    results.put(("reader", statistics.median(taken), max(taken)))


def measured(mode: str, batch: int, count: int) -> tuple[float, float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENSPAN_OUTBOX_DIR"] = str(Path(folder) / "outbox")
        path = Path(folder) / "mlflow.db"
        empty(path, mode)
        start, stop, results = (
            multiprocessing.Barrier(WRITERS + READERS),
            multiprocessing.Event(),
            multiprocessing.Queue(),
        )
        writers = [
            multiprocessing.Process(target=write, args=(path, number * count, count, batch, start, results))
            for number in range(WRITERS)
        ]
        readers = [multiprocessing.Process(target=read, args=(path, start, stop, results)) for _ in range(READERS)]
        for process in (*writers, *readers):
            process.start()
        told = [results.get() for _ in writers]
        stop.set()
        told += [results.get() for _ in readers]
        for process in (*writers, *readers):
            process.join()
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT count(*) FROM trace_info").fetchone() == (WRITERS * count,)
        connection.close()
    wrote = [(seconds, longest) for kind, seconds, longest in told if kind == "writer"]
    reads = [(median, longest) for kind, median, longest in told if kind == "reader"]
    rate = WRITERS * count / max(seconds for seconds, _ in wrote)
    return (
        rate,
        max(longest for _, longest in wrote),
        statistics.median(median for median, _ in reads),
        max(longest for _, longest in reads),
    )


def main() -> None:
    multiprocessing.set_start_method("spawn")
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{WRITERS} writers, {READERS} readers; SQLite {sqlite3.sqlite_version}; best of {ROUNDS}; traces/s, ms")
    print(f"{'journal':8} {'batch':>5} {'traces/s':>9} {'export max':>11} {'read median':>12} {'read max':>9}")
    for batch in BATCHES:
        count = min(most, batch * 50)
        found: dict[str, list[tuple[float, float, float, float]]] = {mode: [] for mode in MODES}
        for _ in range(ROUNDS):
            for mode in MODES:
                found[mode].append(measured(mode, batch, count))
        for mode in MODES:
            rate, longest, median, slowest = max(found[mode])
            print(
                f"{mode:8} {batch:5} {rate:9.0f} {longest * 1e3:11.0f} {median * 1e3:12.1f} {slowest * 1e3:9.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
