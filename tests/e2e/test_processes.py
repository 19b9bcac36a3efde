"""Processes that an app starts are traced as it is, into the same file."""

from __future__ import annotations

from pathlib import Path

from support import app, mlflow_file

FAMILY = """
import os, subprocess, sys
from opentelemetry import trace

tracer = trace.get_tracer("family")

def span(name):
    with tracer.start_as_current_span(name, attributes={"gen_ai.operation.name": "invoke_workflow"}):
        pass

if len(sys.argv) > 1:
    span(sys.argv[1])
else:
    span("parent before")
    trace.get_tracer_provider().force_flush()
    children = [subprocess.Popen([sys.executable, "app.py", f"child {n}"]) for n in range(3)]
    for n in range(2):
        if os.fork() == 0:
            span(f"forked {n}")
            trace.get_tracer_provider().force_flush()
            os._exit(0)
    span("parent after")
    for child in children:
        assert child.wait() == 0
    for _ in range(2):
        assert os.wait()[1] == 0
"""


WORKERS = """
import multiprocessing, time
from opentelemetry import trace

def span(name):
    with trace.get_tracer("workers").start_as_current_span(
        name, attributes={"gen_ai.operation.name": "invoke_workflow"}
    ):
        time.sleep(0.01)

if __name__ == "__main__":
    span("parent before")
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=span, args=(f"worker {n}",)) for n in range(3)]
    pool = fork.Pool(2)
    for worker in workers:
        worker.start()
    pool.map(span, [f"pooled {n}" for n in range(4)])
    pool.close()
    pool.join()
    for worker in workers:
        worker.join()
"""


def test_workers_send_their_last_spans_when_they_end(tmp_path: Path) -> None:
    run = app.run(WORKERS, tmp_path, options=["-Wignore::DeprecationWarning"])
    assert run.stderr == ""
    names = sorted(trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "mlflow.db"))
    assert names == ["parent before", *(f"pooled {n}" for n in range(4)), *(f"worker {n}" for n in range(3))]


def test_children_and_forks_write_to_the_same_file(tmp_path: Path) -> None:
    run = app.run(FAMILY, tmp_path, options=["-Wignore::DeprecationWarning"])  # of fork, beside threads
    assert run.stderr == ""
    names = sorted(trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "mlflow.db"))
    assert names == ["child 0", "child 1", "child 2", "forked 0", "forked 1", "parent after", "parent before"]
