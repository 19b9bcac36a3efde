"""One trace comes out right in every kind of store, whatever its spans come in: order, batches, times, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Status, StatusCode

from genspan.exporters.mlflow import MlflowSpanExporter
from support.mlflow_process import MlflowServer
from support.mlflow_traces import START, chat, export, get, new_id, said, sizes, span

pytestmark = pytest.mark.slow

Batches = Callable[[int], Sequence[Sequence[ReadableSpan]]]
"""What arrives, batch by batch, each from another process: spans of the trace whose id is given."""


@dataclass(frozen=True)
class Told:
    """What MLflow's client tells of a trace; times in seconds after `START`."""

    state: str = "OK"
    name: str | None = "agent"
    previews: tuple[str | None, str | None] = ("Question?", "Answer.")
    start: float = 0
    seconds: float | None = 9
    tokens: int | None = 16
    spans: int = 3
    service: str = "shop"


def root(trace: int, **more: Any) -> ReadableSpan:
    return span(trace, 1, **{"name": "agent", "end": 9, "attributes": chat("Question?", "Answer."), **more})


def child(trace: int, number: int = 2, parent: int = 1, tokens: int = 4, **more: Any) -> ReadableSpan:
    """A model call."""
    return span(trace, number, parent, **{"start": 1, "end": 2, "attributes": chat("a", "b", tokens), **more})


def service(trace: int, **more: Any) -> ReadableSpan:
    """A request served for a caller in another process."""
    return span(trace, 2, 1, **{"is_remote": True, "start": 1, "end": 4, "name": "serve", "service": "stock", **more})


def many(trace: int) -> list[ReadableSpan]:
    return [child(trace, number, tokens=1) for number in range(2, 2002)]


LONG = "lorem ipsum " * 850_000
"""Ten megabytes."""

ORDERS: dict[str, tuple[Batches, Told]] = {
    "all at once": (lambda t: [[child(t), child(t, 3), root(t)]], Told()),
    "children first": (lambda t: [[child(t)], [child(t, 3)], [root(t)]], Told()),
    "root first": (lambda t: [[root(t)], [child(t)], [child(t, 3)]], Told()),
    "root between": (lambda t: [[child(t)], [root(t)], [child(t, 3)]], Told()),
    "late by minutes": (lambda t: [[child(t), root(t)], [child(t, 3, start=300, end=420)]], Told(seconds=420)),
    "a part twice": (lambda t: [[child(t), child(t, 3)], [child(t)], [root(t), child(t, 3)]], Told()),
    "all of it three times": (lambda t: [[root(t), child(t), child(t, 3)]] * 3, Told()),
    "one span twice in one batch": (lambda t: [[root(t), child(t), child(t), child(t, 3)]], Told()),
    "a failed root after its children": (
        lambda t: [[child(t)], [child(t, 3)], [root(t, status=Status(StatusCode.ERROR))]],
        Told(state="ERROR"),
    ),
    "a failed root before its children": (
        lambda t: [[root(t, status=Status(StatusCode.ERROR))], [child(t), child(t, 3)]],
        Told(state="ERROR"),
    ),
    "a caller that MLflow never sees": (
        lambda t: [[child(t, 3, 2, attributes=chat("Question?", "Answer.", 8))], [service(t)]],
        Told(name="serve", start=1, seconds=3, spans=2, service="stock"),
    ),
    "a caller and its services in one batch": (
        lambda t: [[root(t), service(t, attributes=chat("a", "b", 8)), child(t, 3, 2, tokens=0, service="stock")]],
        Told(),
    ),
    "a service before its caller": (
        lambda t: [[child(t, 3, 2, tokens=8), service(t)], [root(t)]],
        Told(),
    ),
    "a service after its caller": (
        lambda t: [[root(t)], [child(t, 3, 2, tokens=8), service(t)]],
        Told(),
    ),
    "two services of one caller that MLflow never sees": (
        lambda t: [
            [service(t, attributes=chat("Question?", "Answer.", 8))],
            [span(t, 3, 1, is_remote=True, start=5, end=10, name="bill", service="billing")],
        ],
        Told(name="serve", start=1, seconds=9, spans=2, service="stock"),
    ),
    "a clock that is behind": (
        lambda t: [[root(t)], [child(t, start=-5, end=-4), child(t, 3)]],
        Told(start=-5, seconds=14),
    ),
    "a clock that is ahead": (lambda t: [[child(t, start=30, end=31), child(t, 3)], [root(t)]], Told(seconds=31)),
    "a clock set back in the midst of a span": (
        lambda t: [[child(t, start=3, end=2), child(t, 3), root(t)]],
        Told(),
    ),
    "a child without an end": (lambda t: [[child(t, end=None), child(t, 3)], [root(t)]], Told()),
    "thousands of spans": (
        lambda t: [many(t)[:1000], [root(t), *many(t)[1000:]]],
        Told(tokens=4000, spans=2001),
    ),
    "ten megabytes": (
        lambda t: [[child(t, attributes=chat(LONG, LONG, 4))], [child(t, 3)], [root(t)]],
        Told(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def addresses(postgresql_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Tracking URIs: a file, a server on PostgreSQL, and PostgreSQL itself."""
    folder = tmp_path_factory.mktemp("orders")
    server = MlflowServer(folder / "server.db", backend=postgresql_uri)
    server.start()
    try:
        yield {"file": f"sqlite:///{folder}/orders.db", "server": server.url, "database": postgresql_uri}
    finally:
        server.stop()


@pytest.fixture(params=["file", "server", "database"])
def uri(request: pytest.FixtureRequest, addresses: dict[str, str]) -> str:
    return addresses[request.param]


def read(uri: str, trace: int) -> Any:
    """`mlflow.entities.Trace`"""
    from mlflow import MlflowClient

    return get(MlflowClient(tracking_uri=uri), trace)


def told(uri: str, trace: int) -> Told:
    return told_of(read(uri, trace))


def told_of(read: Any) -> Told:
    info = read.info
    assert len({one.span_id for one in read.data.spans}) == len(read.data.spans)
    return Told(
        state=str(info.state),
        name=info.tags.get("mlflow.traceName"),
        previews=(info.request_preview, info.response_preview),
        start=info.request_time / 1000 - START / 1e9,
        seconds=None if info.execution_duration is None else info.execution_duration / 1000,
        tokens=info.token_usage and info.token_usage["total_tokens"],
        spans=len(read.data.spans),
        service=info.tags["service.name"],
    )


@pytest.mark.parametrize("order", ORDERS)
def test_a_trace_is_the_same(order: str, uri: str) -> None:
    batches, expected = ORDERS[order]
    trace = new_id()

    export(uri, *batches(trace))

    found = read(uri, trace)
    assert told_of(found) == expected
    stated, counted = sizes(found)
    assert stated["num_spans"] == counted["num_spans"]
    assert stated == pytest.approx(counted, rel=0.1, abs=300)


def test_a_trace_without_its_root_is_in_progress(uri: str) -> None:
    trace = new_id()

    export(uri, [child(trace)], [child(trace, 3)])

    found = told(uri, trace)
    assert (found.state, found.name, found.spans, found.tokens) == ("IN_PROGRESS", None, 2, 16)
    assert (found.start, found.seconds, found.service) == (1, 1, "shop")


def announce(uri: str, running: ReadableSpan) -> None:
    exporter = MlflowSpanExporter(uri)
    exporter.announce([running])
    exporter.shutdown()


def test_a_running_trace_is_in_progress_and_known_by_name(uri: str) -> None:
    trace = new_id()
    question = {"gen_ai.operation.name": "invoke_agent", "gen_ai.input.messages": said("user", "Question?")}
    so_far = Told(state="IN_PROGRESS", previews=("Question?", None), tokens=None, spans=1)

    announce(uri, root(trace, end=None, attributes=question))
    announced = told(uri, trace)
    assert announced.seconds in (None, 0)
    assert replace(announced, seconds=so_far.seconds) == so_far

    export(uri, [child(trace)])
    extended = told(uri, trace)
    assert (extended.state, extended.name, extended.previews) == ("IN_PROGRESS", "agent", ("Question?", None))
    assert extended.spans == 2

    export(uri, [root(trace), child(trace, 3)])
    assert told(uri, trace) == Told()


def test_a_trace_is_in_progress_once_its_root_is_known_to_run(uri: str) -> None:
    trace = new_id()

    export(uri, [child(trace)])
    announce(uri, root(trace, end=None))
    assert told(uri, trace).state == "IN_PROGRESS"

    export(uri, [child(trace, 3), root(trace)])
    assert told(uri, trace) == Told()


def test_a_finished_trace_stays_so_whatever_is_said_of_it_too_late(uri: str) -> None:
    trace = new_id()

    export(uri, [child(trace), child(trace, 3), root(trace)])
    announce(uri, root(trace, end=None))

    assert told(uri, trace) == Told()


def test_a_root_without_an_end_is_kept(uri: str) -> None:
    """A span that the SDK hands out has an end; one made by hand may have none."""
    trace = new_id()

    export(uri, [root(trace, end=None)], [child(trace)])

    found = told(uri, trace)
    assert (found.state, found.spans, found.seconds) == ("OK", 2, 2)


def test_long_text_is_kept_whole(uri: str) -> None:
    trace = new_id()

    export(uri, [root(trace, attributes=chat(LONG, "Answer."))])

    found = read(uri, trace)
    assert found.data.spans[0].inputs["messages"][0]["content"] == LONG
    assert len(found.info.request_preview) <= 1000


def test_processes_write_parts_of_one_trace_at_a_time(uri: str) -> None:
    trace = new_id()
    export(uri, [root(trace)])
    parts = [[child(trace, number, tokens=1)] for number in range(2, 22)]

    with ThreadPoolExecutor(4) as pool:
        for written in [pool.submit(export, uri, part) for part in parts]:
            written.result()
    # Whatever was stated last had not seen all of them, perhaps; the next part puts that right.
    export(uri, [child(trace, 22, tokens=1)])

    assert told(uri, trace) == Told(tokens=42, spans=22)
