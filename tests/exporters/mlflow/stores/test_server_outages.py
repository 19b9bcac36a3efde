"""An MLflow server that is not there, comes, goes and comes back: nothing is lost, nothing is there twice."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter, delivery
from support.mlflow_process import MlflowServer

pytestmark = pytest.mark.slow

SPANS = 3
TRACES_PER_BATCH = 10


@pytest.fixture
def server(empty_mlflow_database: Path, tmp_path: Path) -> Iterator[MlflowServer]:
    """Not started."""
    server = MlflowServer(Path(shutil.copy(empty_mlflow_database, tmp_path / "server.db")))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another quickly."""
    monkeypatch.setattr(delivery, "FIRST_DELAY", 0.1)
    monkeypatch.setattr(delivery, "LONGEST_DELAY", 0.2)


def batch(first: int) -> list[ReadableSpan]:
    """Traces of three spans, the root last, as they end."""
    now = time.time_ns()
    return [
        ReadableSpan(
            name=f"span {number}",
            context=SpanContext(trace, number, is_remote=False),
            parent=SpanContext(trace, 1, is_remote=False) if number > 1 else None,
            resource=Resource({"service.name": "shop"}),
            attributes={"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5, "gen_ai.conversation.id": "s"},
            start_time=now,
            end_time=now + 1_000_000,
        )
        for trace in range(first, first + TRACES_PER_BATCH)
        for number in range(SPANS, 0, -1)
    ]


def traces(server: MlflowServer) -> dict[str, tuple[Any, ...]]:
    """State, name and number of spans by trace id, as they stand in the server's database."""
    with sqlite3.connect(server.file) as connection:
        rows = connection.execute(
            """
            SELECT request_id, status, trace_name, (SELECT count(*) FROM spans WHERE trace_id = request_id)
            FROM trace_info
            """
        ).fetchall()
    connection.close()
    return {id: tuple(facts) for id, *facts in rows}


def expected(count: int) -> dict[str, tuple[Any, ...]]:
    return {f"tr-{number:032x}": ("OK", "span 1", SPANS) for number in range(1, count + 1)}


def flushed(exporter: MlflowSpanExporter) -> bool:
    """Waits until nothing waits any more."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if exporter.force_flush():
            return True
        time.sleep(0.1)
    return False


def exporting(exporter: MlflowSpanExporter, count: int, every_batch: Callable[[int], object]) -> list[SpanExportResult]:
    results = []
    for first in range(1, count + 1, TRACES_PER_BATCH):
        every_batch(first)
        results.append(exporter.export(batch(first)))
    return results


def test_what_waited_for_the_server_is_there_when_it_comes(
    server: MlflowServer, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = MlflowSpanExporter(server.url)
    assert exporting(exporter, 50, lambda _: time.sleep(0.11)) == [SpanExportResult.SUCCESS] * 5
    exporter.shutdown()
    (told,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"MLflow at {server.url} cannot be reached: Connection refused. Traces wait in" in told
    server.start()

    next_program = MlflowSpanExporter(server.url)

    assert flushed(next_program)
    assert traces(server) == expected(50)


def test_a_server_killed_in_the_midst_of_writing(server: MlflowServer, caplog: pytest.LogCaptureFixture) -> None:
    """It is killed at a random point of a batch, and back while the app goes on."""
    server.start()
    exporter = MlflowSpanExporter(server.url)
    revival = threading.Thread(target=server.start)

    def disturb(first: int) -> None:
        if first == 101:
            threading.Timer(0.05, server.kill).start()
        if first == 151:
            revival.start()
        if first > 151:
            time.sleep(0.2)

    results = exporting(exporter, 300, disturb)
    revival.join()

    assert flushed(exporter)
    assert results == [SpanExportResult.SUCCESS] * 30
    assert traces(server) == expected(300)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "Traces wait in" in told[0]
    assert told[-1] == f"{server.url} can be written to again"
    exporter.shutdown()
