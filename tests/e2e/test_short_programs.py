"""Programs that are soon over, frozen after each call, or a notebook's kernel: all traces arrive, the end is swift."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from support import app, mlflow_file
from support.collector import collector

SHORT = """
import time
from opentelemetry import trace

with trace.get_tracer("short").start_as_current_span("all of it", attributes={"gen_ai.operation.name": "chat"}):
    time.sleep(0.2)
print(time.time())
"""


def end(folder: Path, **given: str) -> float:
    """Runs the script; the seconds from its last line to the end of its process."""
    with app.start(SHORT, folder, given) as process:
        out, err = process.communicate(timeout=120)
        ended = time.time()
    assert process.returncode == 0, err
    return ended - float(out)


@contextmanager
def mute() -> Iterator[str]:
    """A server that takes connections and never answers; its URL."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_script_of_200_ms(tmp_path: Path) -> None:
    with collector() as otlp:
        took = end(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=otlp.url)
    assert [span.name for span in otlp.spans] == ["all of it"]
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == 1
    assert took < 5


@pytest.mark.slow
def test_the_end_waits_no_longer_than_is_said(tmp_path: Path) -> None:
    """`docs/set-up.md`: 5 s for MLflow, and OTLP's timeout for a batch."""
    with mute() as nowhere:
        given = {"GENSPAN_OUTBOX_DIR": str(tmp_path / "outbox"), "MLFLOW_TRACKING_URI": nowhere}
        assert end(tmp_path, **given) < 5 + 3
        assert list((tmp_path / "outbox").iterdir())
        assert end(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=nowhere, OTEL_EXPORTER_OTLP_TIMEOUT="2") < 2 + 3


FUNCTION = """
import os, signal, sys
from genspan.distro import configure

configure()

from opentelemetry import trace

def handler(event):
    try:
        with trace.get_tracer("function").start_as_current_span(event):
            return event
    finally:
        trace.get_tracer_provider().force_flush()

for line in sys.stdin:
    print(handler(line.strip()), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs a system that can freeze a process")
def test_a_function_that_is_frozen_after_each_call(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FUNCTION)
    with collector() as otlp:
        given = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{otlp.url}/v1/traces", "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=tmp_path,
            env=app.environment(given),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        for n in range(3):
            process.send_signal(signal.SIGCONT)  # Thawed for a call,
            process.stdin.write(f"call {n}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"call {n}\n"
            process.send_signal(signal.SIGSTOP)  # and frozen after it.
            assert [span.name for span in otlp.spans] == [f"call {k}" for k in range(n + 1)]
        process.kill()  # And never thawed again.
        process.communicate()
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == 3


@pytest.mark.slow
def test_a_notebooks_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [
        "from genspan.distro import configure\nconfigure(tracking_uri='sqlite:///kernel.db')",
        "from opentelemetry import trace\ntracer = trace.get_tracer('kernel')",
        "configure()\nwith tracer.start_as_current_span('in a cell'):\n    pass",
        "import asyncio\n"
        "async def later():\n"
        "    with tracer.start_as_current_span('in a task'):\n"
        "        await asyncio.sleep(0)\n"
        "await asyncio.gather(later(), later())",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    for name in list(os.environ):
        if name.startswith(("OTEL_", "MLFLOW_", "GENSPAN_")):
            monkeypatch.delenv(name)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = [output for cell in notebook.cells for output in cell.outputs if output.output_type == "stream"]
    assert printed == []
    names = sorted(trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "kernel.db"))
    assert names == ["in a cell", "in a task", "in a task"]
