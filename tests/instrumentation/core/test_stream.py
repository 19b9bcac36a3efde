"""Stand-ins of streams, on plain iterators."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from genspan.instrumentation.core import Method, Telemetry
from genspan.instrumentation.core.recorder import Recorder
from genspan.instrumentation.core.stream import stand_in_for
from support.telemetry import InMemoryTelemetry


class Words:
    """Puts chunks together."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def add(self, chunk: str) -> None:
        self.words.append(chunk.upper())

    def response(self) -> str:
        return " ".join(self.words)


METHOD = Method(
    operation="chat",
    identity=lambda call: {},
    response=lambda response: {"gen_ai.response.id": response or None},
    fold=Words,
)


@pytest.fixture
def memory() -> InMemoryTelemetry:
    return InMemoryTelemetry()


@pytest.fixture
def telemetry(memory: InMemoryTelemetry) -> Telemetry:
    return Telemetry("genspan.instrumentation.test", **memory.providers)


def recorded(telemetry: Telemetry, stream: Any) -> Any:
    operation = telemetry.start(
        "chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m", "gen_ai.request.stream": True}
    )
    recorder = Recorder(operation, METHOD)
    recorder.open()
    stand_in = stand_in_for(type(stream))
    assert stand_in is not None
    return stand_in(stream, recorder)


def words() -> Iterator[str]:
    yield "a"
    yield "b"


def found(memory: InMemoryTelemetry) -> Any:
    memory.assert_sound()
    return (memory.span.attributes or {}).get("gen_ai.response.id")


@pytest.mark.parametrize("value", [None, "text", [1], {"a": 1}, b"", 5, object()])
def test_what_is_no_stream(value: Any) -> None:
    assert stand_in_for(type(value)) is None


def test_generator(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    stream = recorded(telemetry, words())
    assert isinstance(stream, Iterator)
    assert list(stream) == ["a", "b"]
    assert found(memory) == "A B"


def test_delegated_to(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    def outer() -> Iterator[str]:
        yield from recorded(telemetry, words())

    assert list(outer()) == ["a", "b"]
    assert found(memory) == "A B"


def test_generator_closed(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    stream = recorded(telemetry, words())
    assert next(stream) == "a"
    stream.close()
    assert found(memory) == "A"


def test_chunks_that_cannot_be_folded_reach_the_app(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    assert list(recorded(telemetry, iter(["a", 5, "b"]))) == ["a", 5, "b"]
    assert found(memory) == "A B"


async def test_async_generator(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    async def stream() -> Any:
        yield "a"
        yield "b"

    assert [word async for word in recorded(telemetry, stream())] == ["a", "b"]
    assert found(memory) == "A B"


async def test_async_generator_closed(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    async def stream() -> Any:
        yield "a"
        yield "b"

    reading = recorded(telemetry, stream())
    assert await anext(reading) == "a"
    await reading.aclose()
    assert found(memory) == "A"


def test_left_as_the_event_loop_ends(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    """`asyncio.run` cancels the closing of what the app has just left: no failure of the stream's."""

    class Stream:
        """As OpenAI's: each `async for` has a generator of its own."""

        def __init__(self) -> None:
            self._words = self._read()

        async def _read(self) -> Any:
            yield "a"
            yield "b"

        async def __anext__(self) -> Any:
            return await anext(self._words)

        async def __aiter__(self) -> Any:
            async for word in self._words:
                yield word

    async def app() -> None:
        async for _ in recorded(telemetry, Stream()):
            break

    asyncio.run(app())
    gc.collect()  # With Python 3.12 and newer, generators that were cancelled so are a cycle.
    assert found(memory) == "A"
    assert memory.span.status.is_unset


def test_dropped_inside_the_sdk_ends_with_the_next_call(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    """Garbage collection drops streams at any step, also where the SDK holds a lock: to end one there would hang."""
    streams = [recorded(telemetry, words()) for _ in range(6000)]

    def at_each_step(frame: Any, event: str, argument: Any) -> Any:
        if not frame.f_globals.get("__name__", "").startswith("opentelemetry.sdk"):
            return None
        sys.settrace(None)
        streams.pop()
        sys.settrace(at_each_step)
        return at_each_step

    def end() -> None:
        operation = telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"})
        sys.settrace(at_each_step)
        operation.finish()
        sys.settrace(None)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits for itself"
    dropped = 6000 - len(streams)
    assert 100 < dropped < 6000
    assert len(memory.spans) == 1
    telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}).finish()
    assert len(memory.spans) == dropped + 2
    streams.clear()
    gc.collect()
    memory.assert_sound()
