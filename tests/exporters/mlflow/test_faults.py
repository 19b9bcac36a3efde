"""Faults in the midst of 10,000 traces: every trace whose export was a success is there afterwards, once, whole.

MLflow's own server takes 28 to 45 ms a trace, so here a loopback server stands in for it that keeps what it is sent as
MLflow does (`support.mlflow_loopback`); `stores/test_server_outages.py` does the same with MLflow and hundreds.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter, delivery, outbox, outbox_report
from genspan.exporters.mlflow.outbox_report import Report
from support.mlflow_loopback import LoopbackMlflow
from support.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folder")]

TRACES = 10_000
PER_BATCH = 100
SPANS = 2

RESOURCE = Resource({"service.name": "shop"})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")


def hurry() -> None:
    """Tries follow one another quickly, in this process from now on: faults are short here."""
    patch = pytest.MonkeyPatch()
    patch.setattr(delivery, "FIRST_DELAY", 0.05)
    patch.setattr(delivery, "LONGEST_DELAY", 0.2)
    patch.setattr(delivery, "PAUSE", 0.2)
    patch.setattr(outbox, "LEASE", 1.0)
    patch.setattr("genspan.exporters.mlflow.stores.sqlite.connection.BUSY_TIMEOUT", 0.2)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LoopbackMlflow]:
    server = LoopbackMlflow(tmp_path / "journal")
    server.start()
    yield server
    server.kill()


def batch(first: int, count: int = PER_BATCH) -> list[ReadableSpan]:
    """Traces of a root and a child, the root last, as they end."""
    now = time.time_ns()
    return [
        ReadableSpan(
            name=f"trace {trace}",
            context=SpanContext(trace, span, is_remote=False),
            parent=SpanContext(trace, 1, is_remote=False) if span > 1 else None,
            resource=RESOURCE,
            attributes={"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5},
            start_time=now,
            end_time=now + 1_000_000,
        )
        for trace in range(first, first + count)
        for span in range(SPANS, 0, -1)
    ]


def exported(exporter: MlflowSpanExporter, disturb: Callable[[int], object], count: int = TRACES) -> set[str]:
    """Exports traces; the ids of those whose export was a success. `disturb` is given the percentage done."""
    safe = set()
    for first in range(1, count + 1, PER_BATCH):
        disturb(first * 100 // count)
        if exporter.export(batch(first)) is SpanExportResult.SUCCESS:
            safe |= ids(range(first, first + PER_BATCH))
    return safe


def ids(numbers: Sequence[int]) -> set[str]:
    return {f"tr-{number:032x}" for number in numbers}


def flush(exporter: MlflowSpanExporter, seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while not exporter.force_flush():
        assert time.monotonic() < deadline, outbox_reports()
        time.sleep(0.05)


def outbox_reports() -> list[Report]:
    return [outbox_report.read(path) for path in outbox_report.files([os.environ["GENSPAN_OUTBOX_DIR"]])]


def in_file(path: str = "mlflow.db") -> dict[str, tuple[str, int]]:
    """State and number of spans by trace id; a trace has one row, or this raises."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute(
            "SELECT request_id, status, (SELECT count(*) FROM spans WHERE trace_id = request_id) FROM trace_info"
        ).fetchall()
    connection.close()
    assert len({id for id, _, _ in rows}) == len(rows)
    return {id: (state, spans) for id, state, spans in rows}


def whole(found: set[str]) -> dict[str, tuple[str, int]]:
    return dict.fromkeys(found, ("OK", SPANS))


ALL = ids(range(1, TRACES + 1))


def test_the_server_is_killed_and_the_network_fails(server: LoopbackMlflow) -> None:
    """The server is killed at random points of a batch; connections are reset, before and after the server has taken
    what was sent, and stall."""
    with TcpProxy(server.port) as network:
        exporter = MlflowSpanExporter(network.url)
        killing = threading.Timer(0.03, server.kill)
        faults: dict[int, Callable[[], None]] = {
            10: killing.start,
            20: lambda: (killing.join(), time.sleep(0.3), server.start())[-1],
            30: lambda: network.set("reset"),
            50: lambda: network.set("deaf"),
            70: lambda: network.set("stall"),
            90: server.kill,
            95: server.start,
        }
        ends: dict[int, Callable[[], None]] = dict.fromkeys((40, 60, 80), lambda: network.set("pass"))

        def disturb(percent: int) -> None:
            if percent in ends:
                time.sleep(0.3)  # For tries to fall into the time of the fault.
            (faults | ends).pop(percent, lambda: None)()

        assert exported(exporter, disturb) == ALL
        flush(exporter)

        assert server.stored() == whole(ALL)
        assert outbox_reports()[0].is_clear
        exporter.shutdown()


APP = """
import sys
sys.path[:0] = sys.argv[1:3]
from test_faults import MlflowSpanExporter, batch, hurry, PER_BATCH, TRACES
hurry()
exporter = MlflowSpanExporter("sqlite:///mlflow.db")
for first in range(int(sys.argv[3]), TRACES + 1, PER_BATCH):
    assert exporter.export(batch(first)).name == "SUCCESS"
    print(first + PER_BATCH, flush=True)
while not exporter.force_flush():
    pass
exporter.shutdown()
"""


def app(first: int) -> subprocess.Popen[str]:
    folder = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, "-c", APP, str(folder), str(folder.parent.parent), str(first)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_app_is_killed() -> None:
    """While it writes, while its traces go to the outbox since the file is locked, and while it empties the outbox."""
    first = 1
    for percent, is_locked in ((20, False), (50, True), (51, False), (75, True), (76, False), (100, False)):
        lock = sqlite3.connect("mlflow.db", isolation_level=None)
        if is_locked:
            lock.execute("BEGIN EXCLUSIVE")
        process = app(first)
        assert process.stdout is not None
        for line in process.stdout:
            first = int(line)
            if percent < 100 and first > TRACES * percent // 100:
                process.send_signal(signal.SIGKILL)
        assert process.wait(60) == (0 if percent == 100 else -signal.SIGKILL)
        lock.close()

    assert in_file() == whole(ALL)
    assert outbox_reports()[0].is_clear


DISK = """
import resource, sqlite3, sys
sys.path[:0] = sys.argv[1:3]
from test_faults import MlflowSpanExporter, batch, exported, flush, hurry
hurry()
room, count = map(int, sys.argv[3:])
exporter = MlflowSpanExporter("sqlite:///mlflow.db")
def disturb(percent):
    if percent == 10:
        with sqlite3.connect("mlflow.db") as connection:
            connection.execute("CREATE TABLE filler AS SELECT zeroblob(?)", (room,))
        connection.close()
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
safe = exported(exporter, disturb, count)
print(len(safe), exporter.force_flush())
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
flush(exporter)
exporter.shutdown()
"""


@pytest.mark.parametrize(("room", "count", "is_safe"), [(40_000_000, TRACES, True), (2_000_000, 2_000, False)])
def test_the_disk_is_full(room: int, count: int, is_safe: bool) -> None:
    """The limit on a file's size stands in for the disk: the database is over it, and the outbox may grow up to it.

    Where the outbox has room, every export is a success. Where it has not, those are not whose traces are held in
    memory; as the disk has room again before the program ends, they are there in the end all the same.
    """
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", DISK, str(folder), str(folder.parent.parent), str(room), str(count)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    safe, is_flushed = done.stdout.split()
    assert is_flushed == "False"
    assert (int(safe) == count) is is_safe
    assert ("held in memory" in done.stderr) is not is_safe
    assert in_file() == whole(ids(range(1, count + 1)))
    assert outbox_reports()[0].is_clear


def test_answers_that_mean_later(server: LoopbackMlflow) -> None:
    """Wrong credentials, no such page, too much to do, out of order: none of them is the traces' fault."""
    exporter = MlflowSpanExporter(server.url)
    sent: set[str] = set()
    for index, (status, asked_for) in enumerate(
        [(401, 0), (403, 0), (404, 0), (429, 1), (500, 0), (502, 0), (503, 1), (504, 0)]
    ):
        server.fault(status, 0, *([f"Retry-After: {asked_for}"] if asked_for else []))
        begun = time.monotonic()
        for first in range(1 + 100 * index, 31 + 100 * index, 10):
            assert exporter.export(batch(first, 3)) is SpanExportResult.SUCCESS
            sent |= ids(range(first, first + 3))
        (report,) = outbox_reports()
        assert (report.waiting_traces, f"{status}" in str(report.trouble) or status == 500) == (9, True)
        assert sum(count for _, count in server.stored().values()) == SPANS * (len(sent) - 9)
        server.fault()
        while server.stored().keys() != sent or outbox_reports()[0].waiting_traces:
            assert time.monotonic() < begun + 30
            time.sleep(0.02)
        assert time.monotonic() - begun >= asked_for

    flush(exporter)
    assert server.stored() == whole(sent)
    assert outbox_reports()[0].is_clear
    exporter.shutdown()


def test_a_slow_server_holds_up_no_export(server: LoopbackMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes long to answer waits on disk, and is taken out when the answer comes."""
    monkeypatch.setattr(delivery, "EXPORT_TIME", 0.5)
    exporter = MlflowSpanExporter(server.url)
    server.fault(seconds=0.8)
    longest = 0.0
    for first in range(1, 201, 10):
        begun = time.monotonic()
        assert exporter.export(batch(first, 10)) is SpanExportResult.SUCCESS
        longest = max(longest, time.monotonic() - begun)

    assert longest < 0.5 + 0.4
    server.fault()
    flush(exporter)
    assert server.stored() == whole(ids(range(1, 201)))
    assert outbox_reports()[0].is_clear
    exporter.shutdown()
