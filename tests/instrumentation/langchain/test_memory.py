"""More than a thousand runs of an agent in one process: nothing of them stays."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from opentelemetry import context as otel_context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from genspan.instrumentation.core import Operation
from genspan.instrumentation.langchain import LangChainInstrumentor
from genspan.instrumentation.langchain.runs import RUNS, Run

AT_ONCE = 8
WARM_UP = 60 * AT_ONCE
RUNS_THEN = 90 * AT_ONCE
QUESTION = {"messages": [("user", "Look up order 1042")]}
ALLOWED = 1.0
"""Objects a run that may stay. One span has some hundred; caches of the libraries take up to 0.5 after the warm-up."""


class Model(BaseChatModel):
    """Asks for the tool once, then answers."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        asked = messages[-1].type == "human"
        calls = [{"name": "look_up_order", "args": {"order_id": 1042}, "id": "1"}] if asked else []
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=calls))])

    def bind_tools(self, *args: Any, **kwargs: Any) -> Any:
        return self


class Counter(SpanProcessor):
    """Counts spans, and keeps none."""

    def __init__(self) -> None:
        self.open = 0
        self.ended = 0

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open += 1

    def on_end(self, span: ReadableSpan) -> None:
        self.open -= 1
        self.ended += 1


@tool
def look_up_order(order_id: int) -> str:
    """Look up an order."""
    return "a grinder"


def agent() -> Any:
    pytest.importorskip("langchain", "1.0")
    return pytest.importorskip("langchain.agents").create_agent(Model(), [look_up_order], name="desk")


def in_one_thread(desk: Any, count: int) -> None:
    for _ in range(count):
        desk.invoke(QUESTION)


def in_threads(desk: Any, count: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(desk.invoke, [QUESTION] * count))


def one_after_the_other(desk: Any, count: int) -> None:
    async def run() -> None:
        for _ in range(count):
            await desk.ainvoke(QUESTION)

    asyncio.run(run())


def in_tasks(desk: Any, count: int) -> None:
    async def run() -> None:
        for _ in range(count // AT_ONCE):
            await asyncio.gather(*(desk.ainvoke(QUESTION) for _ in range(AT_ONCE)))

    asyncio.run(run())


def streamed_and_left(desk: Any, count: int) -> None:
    for _ in range(count):
        for _ in desk.stream(QUESTION):
            break


def cancelled(desk: Any, count: int) -> None:
    async def run() -> None:
        for _ in range(count):
            task = asyncio.ensure_future(desk.ainvoke(QUESTION))
            for _ in range(3):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def held() -> int:
    """How many blocks of memory are in use: one for each object, and more for those that grow."""
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.slow
@pytest.mark.parametrize(
    "run", [in_one_thread, in_threads, one_after_the_other, in_tasks, streamed_and_left, cancelled]
)
def test_memory_is_flat_after_warm_up(run: Callable[[Any, int], None]) -> None:
    desk, counter = agent(), Counter()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(counter)
    before = dict(otel_context.get_current())
    instrumentor = LangChainInstrumentor()
    instrumentor.instrument(
        tracer_provider=tracer_provider, meter_provider=MeterProvider(shutdown_on_exit=False), capture="SPAN_ONLY"
    )
    try:
        run(desk, WARM_UP)
        warm = held()
        run(desk, RUNS_THEN)
        grown = (held() - warm) / RUNS_THEN
        assert len(RUNS) == 0
        assert not [one for one in gc.get_objects() if issubclass(type(one), (Run, Operation))]
    finally:
        instrumentor.uninstrument()
    assert counter.open == 0
    assert counter.ended >= RUNS_THEN + WARM_UP
    assert dict(otel_context.get_current()) == before
    assert grown < ALLOWED


def test_nothing_waits_for_the_garbage_collector() -> None:
    desk = agent()
    instrumentor = LangChainInstrumentor()
    instrumentor.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False), capture="SPAN_ONLY")
    try:
        in_one_thread(desk, WARM_UP)
        gc.collect()
        gc.disable()
        in_one_thread(desk, 1)
        assert not [one for one in gc.get_objects() if issubclass(type(one), (Run, Operation))]
    finally:
        gc.enable()
        instrumentor.uninstrument()
