"""Milliseconds to search many traces in one SQLite file: our store against MLflow's `SqlAlchemyStore.search_traces`.

    python benchmarks/search.py [traces] [file]

Each search asks for a page of 100 traces without spans; both stores answer with the same. The last two rows read spans,
with `MlflowClient` on MLflow's side. Times are medians of a few rounds, taken in turns, in a warm process and a warm
file. A search that takes MLflow longer than LIMIT is broken off, and its ratio is an upper bound. A file that is named
is kept, and used again if it is there.
"""

from __future__ import annotations

import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage
from genspan.exporters.mlflow.stores import Experiment
from genspan.exporters.mlflow.stores.sqlite import SqliteStore
from genspan.mlflow.entities import AssessmentSource, Feedback
from genspan.mlflow.store.sqlite import SqliteTraceStore, assessments
from genspan.mlflow.store.sqlite.database import DatabaseFile

SPANS = 3
BATCH = 500
ROUNDS = 5
PAGE = 100
LIMIT = 10
"""Seconds."""
START_MS = 1_790_000_000_000
TYPES = ("AGENT", "CHAT_MODEL", "TOOL")
JUDGED = 20
"""One trace in so many has feedback."""

SEARCHES: dict[str, tuple[str | None, list[str]]] = {
    "the latest": (None, []),
    "by id": ("request_id = '{id}'", []),
    "of a time": ("timestamp_ms > {late} AND timestamp_ms < {later}", []),
    "of a session": ("metadata.`mlflow.trace.session` = 'session 77'", []),
    "failed": ("status = 'ERROR'", []),
    "failed tools": ("span.type = 'TOOL' AND span.status = 'ERROR'", []),
    "by name": ("name = 'agent 3'", []),
    "by a tag": ("tag.team = 'blue'", []),
    "by a rare tag": ("tag.team = 'gold'", []),
    "with feedback": ("feedback.quality >= 0.9", []),
    "a word of a recent text": ("trace.text LIKE '%needle%' AND timestamp_ms > {late}", []),
    "the slowest": (None, ["execution_time_ms DESC"]),
    "sorted by a tag": (None, ["tag.team"]),
}


def trace(number: int, chance: random.Random) -> MlflowTrace:
    """A trace of three spans with about 1 kB each."""
    id, start = f"{number + 1:032x}", START_MS + number * 1000
    is_failed = chance.random() < 0.02

    def span(index: int) -> MlflowSpan:
        word = "needle" if chance.random() < 0.001 else "lorem"
        texts = {
            "mlflow.traceRequestId": f"tr-{id}",
            "mlflow.spanType": TYPES[index],
            "mlflow.spanInputs": {"messages": [{"role": "user", "content": f"{word} ipsum " * 40}]},
            "mlflow.spanOutputs": {"choices": [{"message": {"role": "assistant", "content": "dolor sit " * 40}}]},
        }
        return MlflowSpan(
            trace_id=id,
            span_id=f"{number * SPANS + index + 1:016x}",
            parent_span_id=f"{number * SPANS + 1:016x}" if index else None,
            name=f"{TYPES[index].lower()} {number % 10}",
            kind="SPAN_KIND_INTERNAL",
            start_time_unix_nano=start * 1_000_000 + index,
            end_time_unix_nano=(start + 50) * 1_000_000,
            status_code="STATUS_CODE_ERROR" if is_failed and TYPES[index] == "TOOL" else "STATUS_CODE_OK",
            status_message="",
            type=TYPES[index],
            attributes={key: json.dumps(value) for key, value in texts.items()},
        )

    return MlflowTrace(
        trace_id=f"tr-{id}",
        spans=[span(index) for index in range(SPANS)],
        request_time=start,
        execution_duration=chance.randrange(10_000),
        state="ERROR" if is_failed else "OK",
        name=f"agent {number % 10}",
        request_preview="lorem ipsum " * 20,
        response_preview="dolor sit " * 20,
        session_id=f"session {number % 5000}",
        usage=TokenUsage(100, 50, 150),
        cost=Cost(0.001, 0.002, 0.003),
        tags={"team": "gold" if chance.random() < 0.0005 else chance.choice(("red", "green", "blue", "grey"))},
        metadata={"mlflow.trace.user": f"user {number % 100}", "mlflow.trace_schema.version": "3"},
    )


def fill(path: Path, count: int) -> None:
    chance = random.Random(0)
    store = SqliteStore(f"sqlite:///{path}")
    for first in range(0, count, BATCH):
        traces = [trace(number, chance) for number in range(first, min(first + BATCH, count))]
        assert not store.write(traces, Experiment())
    store.close()
    file = DatabaseFile(f"sqlite:///{path}")
    with file.making() as database:
        for number in range(0, count, JUDGED):
            assessments.create(
                database,
                Feedback("quality", chance.random(), source=AssessmentSource("CODE"), trace_id=f"tr-{number + 1:032x}"),
            )
    file.close()


class Impatient:
    """MLflow's store of a file, whose searches are broken off after LIMIT."""

    def __init__(self, path: Path) -> None:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
        from sqlalchemy import event

        self.store = SqlAlchemyStore(f"sqlite:///{path}", str(path.parent / "mlruns"))
        self.store.engine.dispose()
        self.end = 0.0
        event.listen(self.store.engine, "connect", self._watch)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

    def _watch(self, connection: Any, _: object) -> None:
        connection.set_progress_handler(lambda: int(time.monotonic() > self.end), 100_000)

    def search(self, wanted: str | None, order_by: list[str]) -> list[str] | None:
        """The ids found; None where it took too long."""
        from mlflow.exceptions import MlflowException

        self.end = time.monotonic() + LIMIT
        try:
            return [info.trace_id for info in self.store.search_traces(["0"], wanted, PAGE, order_by)[0]]
        except MlflowException as error:
            if "interrupted" in str(error):
                return None
            raise


def milliseconds(search: Callable[[], Any]) -> float:
    start = time.perf_counter()
    search()
    return (time.perf_counter() - start) * 1000


def compare(path: Path, count: int) -> None:
    theirs = Impatient(path)
    ours = SqliteTraceStore(f"sqlite:///{path}")
    late = START_MS + (count - count // 50) * 1000
    print(
        f"{count} traces of {SPANS} spans, {path.stat().st_size / 1e6:.0f} MB; a page of {PAGE}; median ms of {ROUNDS}"
    )
    print(f"{'search':24} {'found':>5} {'MLflow':>9} {'genspan':>9} {'ratio':>6}")
    for name, (wanted, order_by) in SEARCHES.items():
        wanted = wanted and wanted.format(id=f"tr-{count // 2:032x}", late=late, later=late + 60_000)

        def by_theirs(wanted: str | None = wanted, order_by: list[str] = order_by) -> list[str] | None:
            return theirs.search(wanted, order_by)

        def by_ours(wanted: str | None = wanted, order_by: list[str] = order_by) -> list[str]:
            traces = ours.search_traces(
                experiment_ids=["0"], filter_string=wanted, max_results=PAGE, order_by=order_by, include_spans=False
            )
            return [trace.info.trace_id for trace in traces]

        found, their_found = by_ours(), by_theirs()
        assert their_found in (None, found)
        times = [
            (milliseconds(by_theirs) if their_found is not None else LIMIT * 1000, milliseconds(by_ours))
            for _ in range(ROUNDS)
        ]
        their, our = (statistics.median(column) for column in zip(*times, strict=True))
        shown = f"{their:.1f}" if their_found is not None else f"> {their:.0f}"
        print(f"{name:24} {len(found):5} {shown:>9} {our:9.1f} {our / their:6.3f}", flush=True)
    theirs.store._dispose_engine()
    read_whole(path, ours, found)
    ours.close()


def read_whole(path: Path, ours: SqliteTraceStore, ids: list[str]) -> None:
    """The last page with its spans, and one trace, as `MlflowClient` and our store read them."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{path}")
    readings: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "the latest, with spans": (
            lambda: client.search_traces(locations=["0"], max_results=PAGE),
            lambda: ours.search_traces(experiment_ids=["0"], max_results=PAGE),
        ),
        "one trace": (lambda: client.get_trace(ids[0]), lambda: ours.get_trace(ids[0])),
    }
    for name, both in readings.items():
        times = [tuple(map(milliseconds, both)) for _ in range(ROUNDS + 1)][1:]
        their, our = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:24} {'':5} {their:9.1f} {our:9.1f} {our / their:6.3f}", flush=True)


def main() -> None:
    os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "mlflow.db"
        if not path.exists():
            fill(path, count)
        compare(path, count)


if __name__ == "__main__":
    main()
