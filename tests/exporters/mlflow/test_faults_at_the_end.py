"""The end of a program is not held up by a store that hangs, and loses nothing by that."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from genspan.exporters.mlflow import outbox_report
from genspan.exporters.mlflow.delivery import EXPORT_TIME, SHUTDOWN_TIME

pytestmark = pytest.mark.slow

MARGIN = 8.0
"""Seconds for a machine that is busy; a request to such a server would take 30."""

APP = """
import sys, time
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from genspan.exporters.mlflow import MlflowSpanExporter

provider = TracerProvider()
exporter = MlflowSpanExporter(sys.argv[1])
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=float(sys.argv[2])))
tracer = provider.get_tracer("shop")
for number in range(1500):
    with tracer.start_as_current_span("chat"):
        pass
time.sleep(float(sys.argv[3]))
print(time.time(), flush=True)
"""


@pytest.fixture
def hung() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connections.append(listener.accept())

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for connection, _ in connections:
            connection.close()


def test_a_store_that_hangs(hung: str, tmp_path: Path) -> None:
    """First export at the end; one under way at the end; one that has hung for longer."""
    outboxes = [tmp_path / name for name in ("at the end", "under way", "for longer")]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", APP, hung, delay, pause],
            env={**os.environ, "GENSPAN_OUTBOX_DIR": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder, delay, pause in zip(outboxes, ("60000", "50", "50"), ("0", "0.5", "4"), strict=True)
    ]
    ends: dict[int, float] = {}

    def await_end(index: int, program: subprocess.Popen[str]) -> None:
        program.wait(60)
        ends[index] = time.time()

    waiting = [threading.Thread(target=await_end, args=pair) for pair in enumerate(programs)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    taken = []
    for index, program in enumerate(programs):
        said, _ = program.communicate()
        taken.append(ends[index] - float(said))

    assert max(taken) < SHUTDOWN_TIME + MARGIN, taken
    assert taken[2] < EXPORT_TIME + MARGIN, "it was known to hang"
    for folder in outboxes:
        (path,) = outbox_report.files([str(folder)])
        assert outbox_report.read(path).waiting_traces == 1500
