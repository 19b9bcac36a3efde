"""Many write at once: processes into the file that MLflow reads, threads through one exporter, children of a fork."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter, outbox_report
from genspan.exporters.mlflow.delivery import EXPORT_TIME
from genspan.exporters.mlflow.stores.sqlite.connection import BUSY_TIMEOUT
from support.mlflow_process import MlflowServer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folder")]

PROCESSES = 8
TRACES = 200
SPANS = 3
RESOURCE = Resource({"service.name": "shop"})


def spans(trace: int) -> list[ReadableSpan]:
    now = time.time_ns()
    return [
        ReadableSpan(
            name=f"span {number}",
            context=SpanContext(trace, number, is_remote=False),
            parent=SpanContext(trace, 1, is_remote=False) if number > 1 else None,
            resource=RESOURCE,
            attributes={"text": "x" * 1500},
            start_time=now,
            end_time=now + 1_000_000,
        )
        for number in range(SPANS, 0, -1)
    ]


def stored() -> dict[str, tuple[str, int]]:
    with sqlite3.connect("mlflow.db", timeout=30) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute(
            "SELECT request_id, status, (SELECT count(*) FROM spans WHERE trace_id = request_id) FROM trace_info"
        ).fetchall()
    connection.close()
    return {id: tuple(facts) for id, *facts in rows}


def whole(numbers: Iterator[int] | range) -> dict[str, tuple[str, int]]:
    return {f"tr-{number:032x}": ("OK", SPANS) for number in numbers}


WRITER = """
import sys, time
sys.path[:0] = sys.argv[1:3]
from test_faults_together import MlflowSpanExporter, TRACES, spans
first = int(sys.argv[3])
exporter = MlflowSpanExporter("sqlite:///mlflow.db")
print("ready", flush=True)
sys.stdin.readline()
longest = 0.0
for start in range(first, first + TRACES, 5):
    begun = time.monotonic()
    result = exporter.export([span for trace in range(start, start + 5) for span in spans(trace)])
    assert result.name == "SUCCESS"
    longest = max(longest, time.monotonic() - begun)
assert exporter.force_flush()
exporter.shutdown()
print(longest)
"""


@pytest.fixture
def mlflow(own_folder: Path) -> Iterator[MlflowServer]:
    """A server on the file that is written to, as `mlflow ui --workers 1` is."""
    MlflowSpanExporter("sqlite:///mlflow.db").export(spans(1))
    server = MlflowServer(own_folder / "mlflow.db")
    server.start()
    yield server
    server.stop()


def test_processes_write_one_file_while_mlflow_reads_it(mlflow: MlflowServer) -> None:
    folder = Path(__file__).parent
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(folder.parent.parent), str(1000 * (number + 1))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in writers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()

    reads: list[int] = []
    counts: list[int] = []
    while any(process.poll() is None for process in writers):
        search = {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]}
        answer = httpx.post(
            f"{mlflow.url}/api/3.0/mlflow/traces/search",
            json={**search, "max_results": 500},
            timeout=60,
            verify=False,
        )
        reads.append(answer.status_code)
        counts.append(len(answer.json().get("traces", ())))
    longest = [float(process.communicate()[0]) for process in writers]

    assert [process.returncode for process in writers] == [0] * PROCESSES
    assert set(reads) == {200}
    assert counts == sorted(counts)
    # The file's locks are waited for for EXPORT_TIME; then the outbox's, by two threads after one another.
    assert max(longest) < EXPORT_TIME + 2 * BUSY_TIMEOUT, longest
    writing = itertools.chain([1], *(range(1000 * n, 1000 * n + TRACES) for n in range(1, PROCESSES + 1)))
    assert stored() == whole(writing)
    assert all(outbox_report.read(path).is_clear for path in outbox_report.files([os.environ["GENSPAN_OUTBOX_DIR"]]))


def test_threads_share_one_exporter() -> None:
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    results: list[Any] = []

    def work(first: int) -> None:
        results.extend(exporter.export(spans(trace)) for trace in range(first, first + 50))

    threads = [threading.Thread(target=work, args=(1 + 100 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [SpanExportResult.SUCCESS] * 400
    assert exporter.force_flush()
    exporter.shutdown()
    assert stored() == whole(itertools.chain(*(range(1 + 100 * number, 51 + 100 * number) for number in range(8))))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_children_are_born_while_threads_write() -> None:
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export(spans(1))
    numbers = itertools.count(2)
    exported: list[int] = [1]
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            number = next(numbers)
            if exporter.export(spans(number)) is SpanExportResult.SUCCESS:
                exported.append(number)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(20):
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            is_written = exporter.export(spans(10**6 + number)) is SpanExportResult.SUCCESS and exporter.force_flush()
            os._exit(0 if is_written else 1)
        children.append(child)
        time.sleep(0.05)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    stop.set()
    for thread in threads:
        thread.join()

    assert ends == [0] * 20
    assert exporter.force_flush()
    exporter.shutdown()
    assert stored() == whole(itertools.chain(exported, range(10**6, 10**6 + 20)))
