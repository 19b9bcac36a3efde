"""Traces per second into an MLflow server: the exporter against MLflow's own client, on the same server.

    python benchmarks/server_store.py [traces]

MLflow's client makes the same spans by its own API (`start_span_no_context`) and sends them with its asynchronous
logging, as it is set up by default; the time ends when its queue is empty. The exporter gets the spans in batches.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "tests")]

from sqlite_store import SPANS, recorded  # noqa: E402

from genspan.exporters.mlflow import MlflowSpanExporter  # noqa: E402
from support.mlflow_process import MlflowServer  # noqa: E402

BATCHES = (1, 20, 100)


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

    taken = seconds(write)
    assert exporter.force_flush(0)
    exporter.shutdown()
    return taken


def by_client(url: str, count: int) -> float:
    import mlflow

    mlflow.set_tracking_uri(url)
    attributes = [dict(span.attributes or {}) for span in recorded(0)]

    def trace() -> None:
        root = mlflow.start_span_no_context("chat gpt-4o", span_type="AGENT", attributes=attributes[0])
        for one in attributes[1:]:
            mlflow.start_span_no_context("chat gpt-4o", span_type="CHAT_MODEL", parent_span=root, attributes=one).end()
        root.end()

    def write() -> None:
        for _ in range(count):
            trace()
        mlflow.flush_trace_async_logging()

    trace()
    mlflow.flush_trace_async_logging()
    return seconds(write)


def main() -> None:
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENSPAN_OUTBOX_DIR"] = folder
        server = MlflowServer(Path(folder) / "mlflow.db")
        server.start()
        try:
            client = count / by_client(server.url, count)
            print(f"{count} traces of {SPANS} spans, one server on SQLite; traces/s")
            print(f"MLflow's client     {client:7.1f}")
            for number, batch in enumerate(BATCHES):
                rate = count / by_exporter(server.url, (number + 1) * 100_000, count, batch)
                print(f"exporter, batch {batch:3} {rate:7.1f} {rate / client:6.1f} x")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
