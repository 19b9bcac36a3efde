"""Calls leave nothing behind in memory, nor do streams that the app drops half-read."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import StatusCode

from genspan.instrumentation.core import Operation
from genspan.instrumentation.core.recorder import Recorder
from genspan.instrumentation.openai import OpenAIInstrumentor
from hot_paths.paths import MODEL, async_client, client

CALLS, STREAMS, OFF = 2_000, 500, 250
ROUNDS = 5
ALLOWED = 0.5
"""Blocks of memory for each call that may stay: less than one object. One span has some hundred."""
ASK: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Why?"}]}
STREAMED: dict[str, Any] = {**ASK, "stream": True, "max_completion_tokens": 5}


class Counter(SpanProcessor):
    """Counts spans, and keeps none."""

    open = ended = failed = 0

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open += 1

    def on_end(self, span: ReadableSpan) -> None:
        self.open -= 1
        self.ended += 1
        self.failed += span.status.status_code is StatusCode.ERROR


def calls(count: int) -> None:
    for _ in range(count):
        client().chat.completions.create(**ASK)


def suppressed_calls(count: int) -> None:
    with suppress_instrumentation():
        calls(count)


def async_calls(count: int) -> None:
    async def run() -> None:
        for _ in range(count):
            await async_client().chat.completions.create(**ASK)

    asyncio.run(run())


def abandoned_streams(count: int) -> None:
    for _ in range(count):
        next(iter(client().chat.completions.create(**STREAMED)))


def abandoned_async_streams(count: int) -> None:
    async def run() -> None:
        for _ in range(count):
            stream = await async_client().chat.completions.create(**STREAMED)
            await anext(aiter(stream))

    asyncio.run(run())


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def sampler() -> Sampler:
    return ALWAYS_ON


@pytest.fixture
def _instrumented(counter: Counter, sampler: Sampler) -> Iterator[None]:
    tracer_provider = TracerProvider(sampler, shutdown_on_exit=False)
    tracer_provider.add_span_processor(counter)
    meter_provider = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(
        skip_dep_check=True, tracer_provider=tracer_provider, meter_provider=meter_provider, capture="SPAN_ONLY"
    )
    gc.collect()
    gc.freeze()  # What is there already need not be gone through at every turn.
    yield
    gc.unfreeze()
    instrumentor.uninstrument()
    meter_provider.shutdown()


def held() -> int:
    """How many blocks of memory are in use: one for each object, and more for those that grow."""
    gc.collect()
    return sys.getallocatedblocks()


def left_behind(run: Callable[[int], None], count: int) -> float:
    """Blocks for each call that are still in use afterwards, of the round of calls that left the fewest.

    What leaks, leaks in every round; caches of the libraries fill in some.
    """
    rounds = []
    for _ in range(ROUNDS):
        before = held()
        run(count // ROUNDS)
        rounds.append(held() - before)
    return min(rounds) / (count // ROUNDS)


@pytest.mark.usefixtures("_instrumented")
@pytest.mark.parametrize(
    ("run", "count"),
    [(calls, CALLS), (async_calls, CALLS // 2), (abandoned_streams, STREAMS), (abandoned_async_streams, STREAMS)],
)
def test_memory_is_flat(run: Callable[[int], None], count: int, counter: Counter) -> None:
    assert left_behind(run, count) < ALLOWED
    assert not [one for one in gc.get_objects() if issubclass(type(one), (Operation, Recorder))]
    assert (counter.open, counter.ended, counter.failed) == (0, count, 0)


@pytest.mark.usefixtures("_instrumented")
@pytest.mark.parametrize("sampler", [ALWAYS_OFF])
@pytest.mark.parametrize("run", [calls, abandoned_streams])
def test_memory_is_flat_where_sampled_out(run: Callable[[int], None], counter: Counter) -> None:
    assert left_behind(run, OFF) < ALLOWED
    assert counter.ended == 0


@pytest.mark.usefixtures("_instrumented")
def test_memory_is_flat_where_suppressed(counter: Counter) -> None:
    assert left_behind(suppressed_calls, OFF) < ALLOWED
    assert counter.ended == 0
