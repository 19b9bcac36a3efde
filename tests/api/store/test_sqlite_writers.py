"""Reading while others write: nobody hears of a lock."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genspan.mlflow.entities import AssessmentSource, Feedback
from genspan.mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException
from genspan.mlflow.store.sqlite import SqliteTraceStore, database
from support import mlflow_traces

WRITERS = 8
BATCHES = 10


def write(uri: str, writer: int, failures: Any) -> None:
    """What one process exports, tags and judges, a trace at a time."""
    try:
        store = SqliteTraceStore(uri)
        for batch in range(BATCHES):
            number = 1 + writer * BATCHES + batch
            mlflow_traces.export(uri, [mlflow_traces.span(number, 1), mlflow_traces.span(number, 2, 1)])
            trace_id = f"tr-{number:032x}"
            store.set_trace_tag(trace_id, "writer", str(writer))
            store.create_assessment(Feedback("good", batch, source=AssessmentSource("CODE"), trace_id=trace_id))
    except BaseException as error:  # noqa: BLE001 - it is told
        failures.put(repr(error))


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_eight_processes_write_while_four_threads_read(journal_mode: str, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    uri = f"sqlite:///{path}"
    store = SqliteTraceStore(uri)
    store.create_experiment("first")
    with sqlite3.connect(path) as file:
        file.execute(f"PRAGMA journal_mode = {journal_mode}")
    file.close()
    spawning = multiprocessing.get_context("fork")
    failures = spawning.Queue()
    writers = [spawning.Process(target=write, args=(uri, writer, failures)) for writer in range(WRITERS)]
    done = threading.Event()
    seen: list[int] = []

    def read() -> int:
        searches = 0
        while not done.is_set():
            found = store.search_traces(experiment_ids=["0"], filter_string="span.status != 'x'", max_results=1000)
            # A trace is there whole or not at all.
            assert all(len(trace.data.spans) == 2 for trace in found)
            seen.append(len(found))
            for trace in found[:2]:
                store.get_trace(trace.info.trace_id)
            searches += 1
        return searches

    for writer in writers:
        writer.start()
    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(read) for _ in range(4)]
        for writer in writers:
            writer.join(120)
        done.set()
        searches = [reader.result() for reader in readers]

    assert failures.empty(), failures.get()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert all(searches)
    assert len(set(seen)) > 2  # They did read meanwhile.
    final = store.search_traces(experiment_ids=["0"], max_results=1000)
    assert len(final) == WRITERS * BATCHES
    assert all(len(trace.info.assessments) == 1 and "writer" in trace.info.tags for trace in final)
    store.close()


def test_a_lock_that_is_not_let_go_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mlflow.db"
    SqliteTraceStore(f"sqlite:///{path}").create_experiment("first")
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    store = SqliteTraceStore(f"sqlite:///{path}")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    for deed in (lambda: store.search_traces(experiment_ids=["0"]), lambda: store.create_experiment("second")):
        start = time.monotonic()
        with pytest.raises(MlflowException, match="locked") as refused:
            deed()
        assert refused.value.error_code == TEMPORARILY_UNAVAILABLE
        assert time.monotonic() - start >= 0.2
    holder.execute("ROLLBACK")
    holder.close()
    assert store.create_experiment("second") == "2"
    assert store.search_traces(experiment_ids=["0"]) == []


def test_a_search_is_of_one_moment(tmp_path: Path) -> None:
    """A trace that is deleted between two queries of a search is not half there."""
    path = tmp_path / "mlflow.db"
    uri = f"sqlite:///{path}"
    mlflow_traces.export(uri, [mlflow_traces.span(1, 1)])
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA journal_mode = wal")
    file.close()
    store, other = SqliteTraceStore(uri), SqliteTraceStore(uri)

    with store._file.reading() as moment:
        assert moment is not None
        count = "SELECT count(*) FROM spans"
        assert moment.connection.execute(count).fetchone() == (1,)
        assert other.delete_traces("0", trace_ids=[f"tr-{1:032x}"]) == 1
        assert moment.connection.execute(count).fetchone() == (1,)
    assert store.search_traces(experiment_ids=["0"]) == []


def test_a_forked_child_reads_with_a_connection_of_its_own(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    mlflow_traces.export(uri, [mlflow_traces.span(1, 1)])
    store = SqliteTraceStore(uri)
    assert len(store.search_traces(experiment_ids=["0"])) == 1

    # Whatever another thread holds when a process forks, it holds for ever in the child.
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with store._file._reading, store._file._writing:
            holding.set()
            done.wait(60)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(hold)
        assert holding.wait(60)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.set_trace_tag(f"tr-{1:032x}", "by", "child")
                code = 0 if store.search_traces(experiment_ids=["0"], filter_string="tag.by = 'child'") else 2
            finally:
                os._exit(code)
        done.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.get_trace(f"tr-{1:032x}").info.tags["by"] == "child"
