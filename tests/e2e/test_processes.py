"""Processes that an app starts are traced as it is, into the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

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
from concurrent.futures import ProcessPoolExecutor
from joblib import Parallel, delayed
from opentelemetry import trace

def span(name):
    with trace.get_tracer("workers").start_as_current_span(
        name, attributes={"gen_ai.operation.name": "invoke_workflow"}
    ):
        time.sleep(0.01)

if __name__ == "__main__":
    span("parent before")
    fork, forkserver, spawn = map(multiprocessing.get_context, ("fork", "forkserver", "spawn"))
    processes = [fork.Process(target=span, args=(f"process {n}",)) for n in range(3)]
    closed = fork.Pool(2)
    for process in processes:
        process.start()
    closed.map(span, [f"closed pool {n}" for n in range(4)])
    closed.close()
    closed.join()
    for process in processes:
        process.join()
    with fork.Pool(2) as pool:
        pool.map(span, [f"fork {n}" for n in range(4)])
    with forkserver.Pool(1) as pool:
        pool.map(span, ["forkserver"])
    with spawn.Pool(1) as pool:
        pool.map(span, ["spawn"])
    with ProcessPoolExecutor(1, mp_context=forkserver) as executor:
        list(executor.map(span, ["executor"]))
    Parallel(n_jobs=2)(delayed(span)(f"joblib {n}") for n in range(2))
    dropped = fork.Pool(1)
    dropped.map(span, ["dropped pool"])
"""


def test_workers_send_their_last_spans_when_they_end(tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    run = app.run(WORKERS, tmp_path, options=["-Wignore::DeprecationWarning"])
    assert run.stderr == ""
    names = sorted(trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "mlflow.db"))
    several = {"process": 3, "closed pool": 4, "fork": 4, "joblib": 2}
    numbered = [f"{name} {n}" for name, count in several.items() for n in range(count)]
    assert names == sorted([*numbered, "parent before", "forkserver", "spawn", "executor", "dropped pool"])


POOL = """
import multiprocessing, os, re, time
from genspan.distro import configure, pools

pools.FLUSH_TIME = 1.0
configure()
fork = multiprocessing.get_context("fork")
{}
"""


def pool(source: str, folder: Path) -> str:
    """What a program prints that may look at pools from the inside, too."""
    return app.run(POOL.format(source), folder, options=["-Wignore::DeprecationWarning"]).stdout


def test_a_worker_that_cannot_answer_is_killed_all_the_same(tmp_path: Path) -> None:
    source = """
began = time.monotonic()
with fork.Pool(1) as pool:
    pool.apply_async(re.match, ("(a+)+b", "a" * 100))  # In C for ever, and no other thread comes to run.
    time.sleep(0.2)
print(time.monotonic() - began)
"""
    assert 1.2 <= float(pool(source, tmp_path)) < 10


def test_a_worker_that_is_busy_or_gone_holds_nothing_up(tmp_path: Path) -> None:
    source = """
with fork.Pool(3) as pool:
    pool.apply_async(time.sleep, (60,))
    pool.apply_async(os._exit, (1,))
    time.sleep(0.2)
    began = time.monotonic()
print(time.monotonic() - began)
"""
    assert float(pool(source, tmp_path)) < 0.9


def test_a_pool_that_replaces_its_workers_keeps_no_files_open(tmp_path: Path) -> None:
    source = """
def files(_):
    return len(os.listdir("/proc/self/fd"))

with fork.Pool(1, maxtasksperchild=1) as pool:
    workers = [pool.apply(files, (n,)) for n in range(8)]
    print(max(workers) - min(workers), len(pools._workers), sum(map(len, pools._workers.values())))
"""
    kept, *known = map(int, pool(source, tmp_path).split())
    assert kept <= 2
    assert known in ([1, 1], [1, 2])


def test_children_and_forks_write_to_the_same_file(tmp_path: Path) -> None:
    run = app.run(FAMILY, tmp_path, options=["-Wignore::DeprecationWarning"])  # of fork, beside threads
    assert run.stderr == ""
    names = sorted(trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "mlflow.db"))
    assert names == ["child 0", "child 1", "child 2", "forked 0", "forked 1", "parent after", "parent before"]
