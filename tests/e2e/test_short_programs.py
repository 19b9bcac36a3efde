"""Programs that are soon over, frozen after each call, or a notebook's kernel: all traces arrive, the end is swift."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from genspan.distro.settings import EXIT_TIME
from genspan.exporters.mlflow.outbox_report import waiting
from support import app, mlflow_file
from support.collector import collector

SHORT = """
import time
from opentelemetry import trace

with trace.get_tracer("short").start_as_current_span("all of it", attributes={"gen_ai.operation.name": "chat"}):
    time.sleep(0.2)
print(time.time())
"""


def ended(source: str, folder: Path, **given: str) -> tuple[float, str]:
    """Runs a program; the seconds from its last line to the end of its process, and what it wrote to stderr."""
    with app.start(source, folder, given) as process:
        out, err = process.communicate(timeout=120)
        at = time.time()
    assert process.returncode == 0, err
    return at - float(out), err


@contextmanager
def mute() -> Iterator[str]:
    """A server that takes connections and never answers; its URL."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_script_of_200_ms(tmp_path: Path) -> None:
    with collector() as otlp:
        took, _ = ended(SHORT, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=otlp.url)
    assert [span.name for span in otlp.spans] == ["all of it"]
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == 1
    assert took < 5


BUSY = """
import time
from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, get_logger

metrics.get_meter("busy").create_counter("orders").add(1)
tracer, logger = trace.get_tracer("busy"), get_logger("busy")
for n in range(1500):  # Three batches.
    with tracer.start_as_current_span("one of many", attributes={"gen_ai.operation.name": "chat"}):
        logger.emit(LogRecord(body="said"))
print(time.time())
"""


def stored(folder: Path) -> int:
    """How many traces are in MLflow's file."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as file:
        (count,) = file.execute("SELECT count(*) FROM trace_info").fetchone()
    return int(count)


NOBODY = "http://127.0.0.1:9"
PROTOCOLS = ("http/protobuf", "grpc")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("refuses", [False, True], ids=["hangs", "refuses"])
def test_the_end_keeps_to_its_bound_whatever_the_collector_does(refuses: bool, protocol: str, tmp_path: Path) -> None:
    with mute() as hanging:
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY if refuses else hanging, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        # MLflow comes last, and is not to wait for the collector.
        took, said = ended(BUSY, tmp_path, GENSPAN_EXIT_TIMEOUT="2", OTEL_TRACES_EXPORTER="otlp,mlflow", **given)
    assert took < 2 + 2
    assert "Not all was sent in the 2 s that the end may take" in said
    assert "OTLPSpanExporter" in said
    assert stored(tmp_path) == 1500


@pytest.mark.slow
def test_the_end_keeps_to_its_bound_with_nobody_at_all(tmp_path: Path) -> None:
    with mute() as nowhere:
        given = {"GENSPAN_OUTBOX_DIR": str(tmp_path / "outbox"), "MLFLOW_TRACKING_URI": nowhere}
        assert ended(SHORT, tmp_path, **given)[0] < 5 + 2
        assert list((tmp_path / "outbox").iterdir())
        both = {**given, "OTEL_EXPORTER_OTLP_ENDPOINT": nowhere}
        assert ended(BUSY, tmp_path, **both)[0] < EXIT_TIME + 2
        hasty = {**both, "GENSPAN_OUTBOX_DIR": str(tmp_path / "hasty"), "GENSPAN_EXIT_TIMEOUT": "4"}
        assert ended(BUSY, tmp_path, **hasty)[0] < 4 + 2
    (outbox,) = (tmp_path / "hasty").glob("*.db")
    assert waiting(str(outbox)) == 1500


def test_everything_arrives_at_the_end_by_each_protocol_and_signal(tmp_path: Path) -> None:
    with collector() as otlp:
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "GENSPAN_OTLP_REDACT": "email"}
        took, said = ended(BUSY, tmp_path, **given)
    assert (len(otlp.spans), len(otlp.events), said) == (1500, 1500, "")
    assert "orders" in [metric.name for metric in otlp.metrics]
    assert took < EXIT_TIME


OWN_END = """
import atexit
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider

seen = []

class Own(trace.get_tracer_provider()._active_span_processor._span_processors[0].__class__.__mro__[1]):
    def on_end(self, span):
        seen.append(span.name)

    def shutdown(self):
        seen.append("shut down")

trace.get_tracer_provider().add_span_processor(Own())
atexit.register(lambda: trace.get_tracer("app").start_span("at the end").end())
with trace.get_tracer("app").start_as_current_span("a"):
    pass
if SHUT_DOWN:
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider()):
        provider.shutdown()
import builtins
builtins.print_at_the_very_end = type("Last", (), {"__del__": lambda self: print(*seen, sep=",")})()
"""


@pytest.mark.parametrize("by_the_app", [False, True])
def test_an_app_may_end_it_itself_and_has_its_own_processors_ended(by_the_app: bool, tmp_path: Path) -> None:
    with collector() as otlp:
        run = app.run(
            OWN_END.replace("SHUT_DOWN", str(by_the_app)), tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url}
        )
    assert run.stderr == ""
    order = ["a", "shut down", "at the end"] if by_the_app else ["a", "at the end", "shut down"]
    assert run.stdout.strip().split(",") == order
    assert [span.name for span in otlp.spans] == ["a"] if by_the_app else ["a", "at the end"]


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
