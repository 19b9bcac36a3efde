"""Celery's prefork pool: its workers are forks by billiard, which end by `os._exit`."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from support import app
from support.collector import collector

pytestmark = pytest.mark.slow

TASKS = 60

# A broker of files: no server to start.
SHOP = """
import os, time
from celery import Celery
from opentelemetry import trace

queue = os.path.abspath("queue")
os.makedirs(queue, exist_ok=True)
app = Celery("shop", broker="filesystem://", broker_transport_options={
    "data_folder_in": queue, "data_folder_out": queue, "control_folder": os.path.abspath("control"),
})
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)
tracer = trace.get_tracer("shop")

@app.task
def pack(n):
    with tracer.start_as_current_span(f"pack {n}", attributes={"gen_ai.operation.name": "invoke_workflow"}):
        time.sleep(0.05)  # Long enough for the next task to go to another worker.
        with open("done", "a") as done:
            done.write(f"{os.getpid()}\\n")
"""

SEND = f"""
import shop
for n in range({TASKS}):
    shop.pack.delay(n)
"""


@pytest.mark.parametrize("options", [[], ["--max-tasks-per-child", "7"]], ids=["", "children replaced"])
def test_the_prefork_pool(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    app.run(SEND, tmp_path, {"OTEL_SDK_DISABLED": "true"})
    command = ["celery", "-A", "shop", "worker", "--pool", "prefork", "--concurrency", "3", "--without-mingle"]
    log = tmp_path / "worker.log"
    with collector() as otlp, log.open("w") as output:
        worker = subprocess.Popen(
            ["opentelemetry-instrument", *command, "--without-gossip", "--without-heartbeat", *options],
            cwd=tmp_path,
            env=app.environment({"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            answered = _finished(tmp_path / "done", worker, log)
            asked = time.monotonic()
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
            took = time.monotonic() - asked
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    expected = Counter({f"pack {n}": 1 for n in range(TASKS)})
    assert Counter(span.name for span in otlp.spans) == expected, log.read_text()
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        assert Counter(name for (name,) in connection.execute("SELECT name FROM spans")) == expected
    assert len(set(answered)) > 1
    assert took < 20


def _finished(done: Path, worker: subprocess.Popen[bytes], log: Path) -> list[str]:
    """The processes that did the tasks, one a task, once all are done."""
    deadline = time.monotonic() + 60
    while len(lines := done.read_text().split() if done.exists() else []) < TASKS:
        assert worker.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return lines
