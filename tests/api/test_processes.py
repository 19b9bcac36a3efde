"""What MLflow loses is kept: forked workers, callers in other processes, spans of other tracers in between."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import app, mlflow_file

pytestmark = pytest.mark.slow

WORKERS = """
import multiprocessing
from genspan import mlflow
from opentelemetry import trace

@mlflow.trace
def work(n):
    return n * n

def serve(headers):
    with mlflow.tracing.set_tracing_context_from_http_request_headers(headers):
        with mlflow.start_span("server"):
            pass

if __name__ == "__main__":
    work(0)
    fork = multiprocessing.get_context("fork")
    with mlflow.start_span("client"):
        headers = mlflow.tracing.get_tracing_context_headers_for_http_request()
    processes = [fork.Process(target=work, args=(n,)) for n in (1, 2)] + [fork.Process(target=serve, args=(headers,))]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    tracer = trace.get_tracer("other")
    with tracer.start_as_current_span("root"), mlflow.start_span("middle"), tracer.start_as_current_span("leaf"):
        pass
"""


JOINING = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

theirs = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(theirs))
trace.set_tracer_provider(provider)

from genspan import mlflow

@mlflow.trace
def work():
    pass

work()
assert trace.get_tracer_provider() is provider
assert [span.name for span in theirs.get_finished_spans()] == ["work"]
(found,) = mlflow.search_traces(return_type="list")
print(found.data.spans[0].name)
"""

ALREADY_THERE = """
from opentelemetry import trace
from genspan import mlflow

provider = trace.get_tracer_provider()
mlflow.trace(lambda: 1, name="work")()
assert trace.get_tracer_provider() is provider
(found,) = mlflow.search_traces(return_type="list")
assert len(found.data.spans) == 1
"""


def run(program: str, folder: Path) -> None:
    (folder / "app.py").write_text(program)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "MLFLOW_"))}
    subprocess.run(
        [sys.executable, "-Wignore::DeprecationWarning", "app.py"],
        cwd=folder,
        check=True,
        timeout=120,
        env={**inherited, "GENSPAN_OUTBOX_DIR": str(folder / "outbox")},
    )


def test_workers_callers_and_other_tracers(tmp_path: Path) -> None:
    run(WORKERS, tmp_path)
    traces = mlflow_file.traces(tmp_path / "mlflow.db")
    found = sorted([span.name for span in trace.data.spans] for trace in traces)
    assert found == [["client", "server"], ["root", "middle", "leaf"], ["work"], ["work"], ["work"]]
    assert sorted(trace.data.spans[0].outputs for trace in traces if len(trace.data.spans) == 1) == [0, 1, 4]
    assert {trace.info.state.value for trace in traces} == {"OK"}


def test_a_provider_that_is_there_is_joined(tmp_path: Path) -> None:
    run(JOINING, tmp_path)
    (trace,) = mlflow_file.traces(tmp_path / "mlflow.db")
    assert [span.name for span in trace.data.spans] == ["work"]


def test_the_distributions_own_provider_has_its_exporter_already(tmp_path: Path) -> None:
    app.run(ALREADY_THERE, tmp_path, {"GENSPAN_OUTBOX_DIR": str(tmp_path / "outbox")})
    assert len(mlflow_file.traces(tmp_path / "mlflow.db")) == 1
