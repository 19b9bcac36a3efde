"""The exporter as the SDK uses it: in batches, across forks, killed, beside others, and without room to write."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter, delivery, outbox_report
from genspan.exporters.mlflow.outbox import Outbox
from genspan.exporters.mlflow.outbox_report import Report
from genspan.exporters.mlflow.stores import StoreUnavailable

DATABASE = "sqlite:///mlflow.db"


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are not waited for, and tries follow one another without a pause."""
    monkeypatch.setattr("genspan.exporters.mlflow.stores.sqlite.connection.BUSY_TIMEOUT", 0.05)
    monkeypatch.setattr(delivery, "FIRST_DELAY", 0.0)


def span(number: int, attributes: dict[str, Any] | None = None) -> ReadableSpan:
    return ReadableSpan(
        name=f"trace {number}",
        context=SpanContext(number, 1, is_remote=False),
        resource=Resource({"service.name": "shop"}),
        attributes=attributes or {},
        start_time=time.time_ns(),
        end_time=time.time_ns() + 1_000_000,
    )


def rows(query: str, path: str | Path = "mlflow.db") -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def report(uri: str) -> Report:
    path = os.path.abspath(uri.removeprefix("sqlite:///"))
    return outbox_report.read(Outbox("outbox", f"sqlite:///{path}").path)


def names() -> set[str]:
    return {name for (name,) in rows("SELECT name FROM spans")}


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_it_is_the_exporter_of_that_name() -> None:
    (point,) = entry_points(group="opentelemetry_traces_exporter", name="mlflow")

    assert point.load() is MlflowSpanExporter


def test_making_one_touches_nothing(own_folder: Path) -> None:
    exporter = MlflowSpanExporter()
    exporter.force_flush()
    exporter.shutdown()

    assert list(own_folder.iterdir()) == [own_folder / "outbox"]
    assert list((own_folder / "outbox").iterdir()) == []


def test_the_environment_says_where(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere/my.db")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "checkout")

    assert MlflowSpanExporter().export([span(1)]) is SpanExportResult.SUCCESS

    ((name,),) = rows(
        "SELECT experiments.name FROM trace_info JOIN experiments USING (experiment_id)", own_folder / "elsewhere/my.db"
    )
    assert name == "checkout"


def test_a_relative_path_means_the_folder_it_was_made_in(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = MlflowSpanExporter()
    (own_folder / "later").mkdir()
    monkeypatch.chdir(own_folder / "later")

    exporter.export([span(1)])

    assert (own_folder / "mlflow.db").exists()
    assert not (own_folder / "later" / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"experiment_id": "7"}, ["7", "MLFLOW_EXPERIMENT_NAME"]),
        ({"experiment_id": "seven"}, ["'seven'", "number"]),
        ({"experiment_name": "Default", "experiment_id": "7"}, ["'Default'", "has the id 0, not 7"]),
        ({"experiment_name": "gone"}, ["'gone'", "deleted", "restore"]),
    ],
)
def test_an_experiment_that_cannot_be_used_is_told_and_the_traces_wait(
    arguments: dict[str, str], words: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    MlflowSpanExporter(DATABASE, experiment_name="gone").export([span(1)])
    connection = sqlite3.connect("mlflow.db")
    connection.execute("UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'gone'")
    connection.commit()
    connection.close()

    exporter = MlflowSpanExporter(DATABASE, **arguments)
    assert [exporter.export([span(number)]) for number in (2, 3)] == [SpanExportResult.SUCCESS] * 2

    (message,) = told(caplog)
    assert [word for word in words if word not in message] == []
    assert names() == {"trace 1"}


def test_spans_of_two_resources_in_one_batch(own_folder: Path) -> None:
    first, second = span(1), span(2)
    second._resource = Resource({"service.name": "billing"})

    MlflowSpanExporter(DATABASE).export([first, second])

    tags = rows("SELECT request_id, value FROM trace_tags WHERE key = 'service.name' ORDER BY request_id")
    assert tags == [(f"tr-{1:032x}", "shop"), (f"tr-{2:032x}", "billing")]


def test_its_own_work_is_not_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    connect = sqlite3.connect

    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        seen.append(context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY))
        return connect(*args, **kwargs)

    monkeypatch.setattr(sqlite3, "connect", watched)
    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(1)])
    exporter.shutdown()

    assert seen == [True]
    assert context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY) is None


def test_nothing_is_taken_after_shutdown() -> None:
    exporter = MlflowSpanExporter(DATABASE)
    exporter.shutdown()
    exporter.shutdown()

    assert exporter.export([span(1)]) is SpanExportResult.FAILURE
    assert not Path("mlflow.db").exists()


def test_a_locked_file_is_told_once_and_caught_up_with(impatient: None, caplog: pytest.LogCaptureFixture) -> None:
    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(1)])
    other = sqlite3.connect("mlflow.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert [exporter.export([span(number)]) for number in (2, 3)] == [SpanExportResult.SUCCESS] * 2
    assert not exporter.force_flush()
    assert names() == {"trace 1"}
    other.execute("ROLLBACK")
    exporter.export([span(4)])

    assert exporter.force_flush()
    assert names() == {f"trace {number}" for number in (1, 2, 3, 4)}
    locked, again = told(caplog)
    assert "database is locked" in locked
    assert "outbox" in locked
    assert "again" in again


def test_tries_are_further_and_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks for them: they are made in the background."""
    monkeypatch.setattr(delivery, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(delivery, "LONGEST_DELAY", 0.2)
    Path("mlflow.db").mkdir()
    exporter = MlflowSpanExporter(DATABASE)
    tries: list[float] = []
    write = exporter._delivery._store.write  # type: ignore[union-attr]

    def watched(*args: Any) -> Any:
        tries.append(time.monotonic())
        return write(*args)

    monkeypatch.setattr(exporter._delivery._store, "write", watched)  # type: ignore[union-attr]
    exporter.export([span(1)])
    wait_for(lambda: len(tries) > 6)

    pauses = [later - earlier for earlier, later in pairwise(tries)]
    least = [(1 - delivery.JITTER) * delay for delay in (0.05, 0.1, 0.2, 0.2, 0.2)]
    assert [pause >= delay for pause, delay in zip(pauses, least, strict=False)] == [True] * 5
    assert len({round(pause, 4) for pause in pauses[2:6]}) > 1, "many programs do not try in step"
    Path("mlflow.db").rmdir()
    wait_for(lambda: report(DATABASE).is_clear)
    assert names() == {"trace 1"}


def test_a_store_is_left_alone_for_as_long_as_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_DELAY", 0.01)
    exporter = MlflowSpanExporter(DATABASE)
    tries: list[float] = []

    def busy(*_: Any) -> Any:
        tries.append(time.monotonic())
        raise StoreUnavailable("busy", retry_after=0.4)

    monkeypatch.setattr(exporter._delivery._store, "write", busy)  # type: ignore[union-attr]
    for number in range(1, 4):
        assert exporter.export([span(number)]) is SpanExportResult.SUCCESS
    wait_for(lambda: len(tries) > 1)

    assert tries[1] - tries[0] >= 0.4


def test_an_experiment_that_is_gone_holds_up_no_other(
    impatient: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its traces wait, and are told of once, while those of others come and go by way of the same outbox."""
    monkeypatch.setattr(delivery, "FIRST_DELAY", 0.2)
    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(1)])
    lost = span(2, {"mlflow.experimentId": "77"})
    for number in range(3, 6):
        assert exporter.export([lost]) is SpanExportResult.SUCCESS
        other = sqlite3.connect("mlflow.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert exporter.export([span(number)]) is SpanExportResult.SUCCESS
        other.execute("ROLLBACK")
        other.close()
        wait_for(lambda number=number: f"trace {number}" in names())

    assert not exporter.force_flush()
    assert names() == {f"trace {number}" for number in (1, 3, 4, 5)}
    assert report(DATABASE).waiting_traces == 3
    assert "77" in str(report(DATABASE).trouble)
    caplog.clear()
    for number in range(6, 9):
        exporter.export([lost])
        exporter.export([span(number)])
        time.sleep(0.3)
    assert told(caplog) == []
    assert names() == {f"trace {number}" for number in (1, 3, 4, 5, 6, 7, 8)}


def test_a_trace_that_fits_nowhere_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    poisoned = span(2)
    poisoned._start_time = 2**70

    result = MlflowSpanExporter(DATABASE).export([span(1), poisoned, span(3)])

    assert result is SpanExportResult.FAILURE
    assert names() == {"trace 1", "trace 3"}
    (message,) = told(caplog)
    assert f"tr-{2:032x} is set aside in" in message
    (rejected,) = report(DATABASE).rejected
    assert (rejected.trace_id, rejected.reason) == (f"tr-{2:032x}", message.rpartition(": ")[2])


def test_a_trace_that_a_store_fails_at_is_set_aside_as_soon_as_that_is_clear(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = MlflowSpanExporter(DATABASE)
    write = exporter._delivery._store.write  # type: ignore[union-attr]

    def fails(traces: Any, experiment: Any) -> Any:
        if any(trace.name == "trace 1" for trace in traces):
            raise ZeroDivisionError("a fault of ours")
        return write(traces, experiment)

    monkeypatch.setattr(exporter._delivery._store, "write", fails)  # type: ignore[union-attr]
    assert exporter.export([span(1)]) is SpanExportResult.SUCCESS
    assert exporter.export([span(2)]) is SpanExportResult.SUCCESS

    wait_for(exporter.force_flush)
    assert names() == {"trace 2"}
    assert [(one.trace_id, "ZeroDivisionError" in one.reason) for one in report(DATABASE).rejected] == [
        (f"tr-{1:032x}", True)
    ]


def test_a_poisoned_trace_in_the_outbox_holds_up_no_other(impatient: None, caplog: pytest.LogCaptureFixture) -> None:
    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(1)])
    other = sqlite3.connect("mlflow.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    poisoned = span(2)
    poisoned._start_time = 2**62
    poisoned._end_time = 2**63
    exporter.export([poisoned, span(3)])
    other.execute("ROLLBACK")

    assert exporter.force_flush()

    assert names() == {"trace 1", "trace 3"}
    assert f"tr-{2:032x} is set aside" in caplog.text


def test_a_broken_outbox_keeps_nothing_from_the_store(own_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(str(own_folder / "outbox"), f"sqlite:///{own_folder}/mlflow.db")
    Path(outbox.path).parent.mkdir()
    Path(outbox.path).write_text("no database " * 100)
    exporter = MlflowSpanExporter(DATABASE)

    assert [exporter.export([span(number)]) for number in (1, 2)] == [SpanExportResult.SUCCESS] * 2
    exporter.shutdown()

    assert names() == {"trace 1", "trace 2"}
    (message,) = told(caplog)
    assert "not a database" in message


@pytest.mark.parametrize("resolved", ["mlflow.db", "outbox"])
def test_with_nowhere_to_put_them_traces_are_held_and_it_is_told_once(
    own_folder: Path, resolved: str, caplog: pytest.LogCaptureFixture
) -> None:
    Path("mlflow.db").mkdir()
    Path("outbox").write_text("a file, in which no outbox can be made")
    exporter = MlflowSpanExporter(DATABASE)

    assert [exporter.export([span(number)]) for number in (1, 2, 3)] == [SpanExportResult.FAILURE] * 3

    store, outbox = told(caplog)
    assert "mlflow.db cannot be written" in store
    assert "held in memory" in outbox
    if resolved == "outbox":
        Path("outbox").unlink()
        assert exporter.export([span(4)]) is SpanExportResult.SUCCESS
        assert report(DATABASE).waiting_traces == 4
        Path("mlflow.db").rmdir()
        exporter = MlflowSpanExporter(DATABASE)
    else:
        Path("mlflow.db").rmdir()
        exporter.export([span(4)])
    assert exporter.force_flush()
    assert names() == {f"trace {number}" for number in range(1, 5)}


def test_what_is_held_in_memory_is_bounded(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("genspan.exporters.mlflow.outbox.HELD_LIMIT", 20_000)
    Path("mlflow.db").mkdir()
    Path("outbox").write_text("a file, in which no outbox can be made")
    exporter = MlflowSpanExporter(DATABASE)
    for number in range(1, 11):
        exporter.export([span(number, {"text": "x" * 5_000})])
    assert "lost from now on" in caplog.text
    Path("outbox").unlink()
    exporter.export([span(11, {"text": "x" * 5_000})])

    found = report(DATABASE)
    assert found.waiting_traces + found.dropped_traces == 11
    assert found.waiting_traces == 4


def test_what_waits_in_a_form_of_another_version_holds_up_nothing(
    own_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(str(own_folder / "outbox"), f"sqlite:///{own_folder}/mlflow.db")
    Path("mlflow.db").mkdir()
    MlflowSpanExporter(DATABASE).export([span(1), span(2)])
    Path("mlflow.db").rmdir()
    connection = sqlite3.connect(outbox.path)
    connection.execute("UPDATE waiting SET trace = '{}' WHERE id = 1")
    connection.commit()
    connection.close()

    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(3)])

    assert exporter.force_flush()
    assert names() == {"trace 2", "trace 3"}
    (rejected,) = report(DATABASE).rejected
    assert (rejected.trace_id, "another version" in rejected.reason) == (f"tr-{1:032x}", True)
    assert "set aside" in caplog.text
    connection = sqlite3.connect(outbox.path)
    assert connection.execute("SELECT trace FROM rejected").fetchall() == [("{}",)]
    connection.close()


def test_a_file_that_was_deleted_is_made_again() -> None:
    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(1)])
    os.remove("mlflow.db")

    exporter.export([span(2)])

    assert names() == {"trace 2"}


def test_a_full_disk_loses_nothing_that_fits_into_the_outbox(own_folder: Path) -> None:
    """The limit on a file's size stands in for the disk; the database is over it, the outbox is not yet."""
    code = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
from test_exporter import span, MlflowSpanExporter, DATABASE
exporter = MlflowSpanExporter(DATABASE)
exporter.export([span(1, {"big": "x" * 2_000_000})])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
print([exporter.export([span(number, {"big": "x" * 100_000})]).name for number in range(2, 6)])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(exporter.force_flush())
exporter.shutdown()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.stdout == f"{['SUCCESS'] * 4}\nTrue\n", done.stderr
    assert "Traces wait in" in done.stderr
    assert names() == {f"trace {number}" for number in range(1, 6)}
    assert rows("PRAGMA integrity_check") == [("ok",)]


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(MlflowSpanExporter(DATABASE), schedule_delay_millis=50))
    yield provider
    provider.shutdown()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_writes_its_own(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("before"):
        pass
    provider.force_flush()

    children = []
    for number in range(2):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            with tracer.start_as_current_span(f"child {number}"):
                pass
            os._exit(0 if provider.force_flush() else 1)
        children.append(child)
    with tracer.start_as_current_span("after"):
        pass
    provider.force_flush()

    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert names() == {"before", "child 0", "child 1", "after"}
    assert rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_waits_for_the_end_of_an_export() -> None:
    exporter = MlflowSpanExporter(DATABASE)
    exporter.export([span(1)])
    is_writing = threading.Event()

    def write_slowly() -> None:
        with exporter._delivery._worker.lock, exporter._delivery._store._connection.transaction():  # type: ignore[union-attr,attr-defined]
            is_writing.set()
            time.sleep(0.5)

    writing = threading.Thread(target=write_slowly)
    writing.start()
    is_writing.wait()
    connection = exporter._delivery._store._connection  # type: ignore[union-attr,attr-defined]
    inherited = connection._connection
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        is_written = exporter.export([span(2)]) is SpanExportResult.SUCCESS
        os._exit(0 if is_written and connection._connection is not inherited else 1)
    writing.join()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert names() == {"trace 1", "trace 2"}
    exporter.export([span(3)])
    assert names() == {"trace 1", "trace 2", "trace 3"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_an_export_that_never_ends_does_not_keep_the_app_from_forking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genspan.exporters.mlflow.exporter.FORK_TIME", 0.1)
    exporter = MlflowSpanExporter(DATABASE)
    lock = exporter._delivery._worker.lock  # type: ignore[union-attr]
    with lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if exporter.export([span(2)]) is SpanExportResult.SUCCESS else 1)
        assert lock.locked(), "it is not the fork's to release"

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert names() == {"trace 2"}


WRITER = """
import itertools, os, sys
sys.path.insert(0, sys.argv[1])
from test_exporter import span, MlflowSpanExporter, DATABASE
exporter = MlflowSpanExporter(DATABASE)
first, count, batch = map(int, sys.argv[2:])
print("ready", flush=True)
sys.stdin.readline()
for start in range(first, first + count, batch):
    members = range(start, min(start + batch, first + count))
    assert exporter.export([span(number, {"text": "x" * 500}) for number in members]).name == "SUCCESS"
    print(members[-1], flush=True)
exporter.shutdown()
"""


def writer(first: int, count: int, batch: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, os.path.dirname(__file__), str(first), str(count), str(batch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.slow
def test_processes_write_one_file_while_another_reads_it() -> None:
    """All start at once, where there is no file yet."""
    writers = [writer(1 + number * 1000, count=300, batch=7) for number in range(4)]
    for process in writers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in writers:
        go(process)

    counts = []
    while any(process.poll() is None for process in writers):
        try:
            counts.append(rows("SELECT count(*) FROM spans")[0][0])
        except sqlite3.OperationalError as error:
            assert "no such table" in str(error)  # noqa: PT017 - the file may not have been made yet
        time.sleep(0.01)

    assert [process.wait(60) for process in writers] == [0] * 4
    assert counts == sorted(counts)
    assert names() == {f"trace {1 + number * 1000 + index}" for number in range(4) for index in range(300)}
    assert rows("SELECT count(*) FROM experiments") == [(1,)]
    assert rows("PRAGMA integrity_check") == [("ok",)]
    assert rows("PRAGMA foreign_key_check") == []


@pytest.mark.slow
def test_a_killed_program_leaves_what_it_exported() -> None:
    process = writer(1, count=100_000, batch=3)
    assert process.stdout is not None
    process.stdout.readline()
    go(process)
    confirmed = 0
    while confirmed < 150:
        confirmed = int(process.stdout.readline())
    process.kill()
    confirmed = max([confirmed, *map(int, process.stdout.read().split())])
    assert process.wait(20) == -signal.SIGKILL

    written = {int(name.removeprefix("trace ")) for name in names()}
    assert written >= set(range(1, confirmed + 1))
    assert len(written) % 3 == 0, "a batch is there whole or not at all"
    assert rows("PRAGMA integrity_check") == [("ok",)]

    MlflowSpanExporter(DATABASE).export([span(200_000)])
    assert len(names()) == len(written) + 1
