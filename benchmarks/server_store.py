"""Traces per second into an MLflow server: the exporter against MLflow's own client, on the same server.

    python benchmarks/server_store.py [traces]

MLflow's client makes the same spans by its own API (`start_span_no_context`) and sends them with its asynchronous
logging, as it is set up by default; the time ends when its queue is empty. The exporter gets the spans in batches.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "tests")]

from sqlite_store import SPANS, by_mlflow_client, recorded  # noqa: E402

from genspan.exporters.mlflow import MlflowSpanExporter  # noqa: E402
from support.mlflow_process import MlflowServer  # noqa: E402

BATCHES = (1, 20, 100)
ROUNDS = 3


def seconds(write: Callable[[], object]) -> float:
    start = time.perf_counter()
    write()
    return time.perf_counter() - start


def by_exporter(url: str, first: int, count: int, batch: int) -> float:
    traces = [recorded(number) for number in range(first, first + count)]
    exporter = MlflowSpanExporter(url)
    exporter.export(recorded(first + count))  # The connection, and the experiment's id.

    def write() -> None:
        for start in range(0, count, batch):
            exporter.export([span for trace in traces[start : start + batch] for span in trace])
        assert exporter.force_flush(300_000)

    taken = seconds(write)
    exporter.shutdown()
    return taken


def main() -> None:
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENSPAN_OUTBOX_DIR"] = folder
        server = MlflowServer(Path(folder) / "mlflow.db")
        server.start()
        try:
            for round in range(ROUNDS):
                taken.setdefault("MLflow's client", []).append(by_mlflow_client(server.url, count))
                for batch in BATCHES:
                    first = (round * len(BATCHES) + BATCHES.index(batch)) * 100_000
                    taken.setdefault(f"exporter, batch {batch:3}", []).append(
                        by_exporter(server.url, first, count, batch)
                    )
        finally:
            server.stop()
    print(f"{count} traces of {SPANS} spans, one server on SQLite; medians of {ROUNDS} rounds; traces/s")
    client = taken["MLflow's client"]
    for name, each in taken.items():
        ratio = statistics.median(slow / fast for slow, fast in zip(client, each, strict=True))
        print(f"{name:19} {count / statistics.median(each):7.1f} {ratio:6.1f} x")


if __name__ == "__main__":
    main()
