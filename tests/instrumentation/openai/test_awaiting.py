"""What asyncio does to calls and streams: tasks, cancellation, coroutines that nobody awaits."""

from __future__ import annotations

import asyncio
import gc
import inspect
from typing import Any

from opentelemetry import trace

from support.openai_scenario import App, scenario
from support.openai_wire import completion, text_chunks
from support.scripted_server import Json, Sse, Stall
from support.ways import AsyncWay

ASYNC = (AsyncWay(),)
ANSWER = Json(completion())


@scenario(spans=0, ways=ASYNC)
async def test_coroutine_never_awaited(app: App) -> object:
    coroutine = app.create()
    app.saw(inspect.iscoroutine(coroutine))
    coroutine.close()
    pending = app.completions.create(model="gpt-5-mini", messages=[])
    app.saw([inspect.iscoroutine(pending), inspect.isawaitable(pending), pending.__name__, pending.__qualname__])
    del pending
    gc.collect()
    app.saw("dropped")


@scenario(spans=0, ways=ASYNC)
async def test_coroutine_closed_unawaited(app: App) -> object:
    pending = app.completions.create(model="gpt-5-mini", messages=[])
    return pending.close()


@scenario(spans=0, ways=ASYNC)
async def test_task_cancelled_before_it_starts(app: App) -> object:
    task = asyncio.create_task(app.completions.create(model="gpt-5-mini", messages=[]))
    task.cancel()
    return await asyncio.gather(task, return_exceptions=True)


@scenario(Stall(), error="asyncio.exceptions.CancelledError", ways=ASYNC)
async def test_task_cancelled_in_the_call(app: App) -> object:
    task = asyncio.create_task(app.create())
    await asyncio.sleep(0.1)
    task.cancel()
    app.saw(await asyncio.gather(task, return_exceptions=True))
    return task.cancelled()


@scenario(Stall(), error="asyncio.exceptions.CancelledError", ways=ASYNC)
async def test_waited_for_too_long(app: App) -> object:
    return await asyncio.wait_for(app.create(), 0.1)


async def _reading(app: App, stream: Any, came: asyncio.Semaphore) -> None:
    """Reads a stream, and tells of each chunk."""

    def each(chunk: Any) -> None:
        app.each(chunk)
        came.release()

    await app.way.read(stream, each)


async def _both(came: asyncio.Semaphore) -> None:
    """Waits for two chunks."""
    for _ in range(2):
        await came.acquire()


@scenario(Sse(text_chunks()[:2], stall=True), error="asyncio.exceptions.CancelledError", ways=ASYNC)
async def test_cancelled_while_reading(app: App) -> object:
    stream, came = await app.stream(), asyncio.Semaphore(0)
    task = asyncio.create_task(_reading(app, stream, came))
    await _both(came)
    task.cancel()
    app.saw(await asyncio.gather(task, return_exceptions=True))
    return stream.response.is_closed


@scenario(Sse(text_chunks()[:2], stall=True), error="asyncio.exceptions.CancelledError", ways=ASYNC)
async def test_cancelled_in_a_with_block(app: App) -> object:
    came = asyncio.Semaphore(0)

    async def read() -> None:
        async with await app.stream() as stream:
            await _reading(app, stream, came)

    task = asyncio.create_task(read())
    await _both(came)
    task.cancel()
    return await asyncio.gather(task, return_exceptions=True)


@scenario(ANSWER, spans=5, ways=ASYNC)
async def test_calls_at_once(app: App) -> object:
    return await asyncio.gather(*(app.create(user=str(n)) for n in range(5)))


@scenario(Sse(text_chunks(), pause=0.005), spans=3, ways=ASYNC)
async def test_streams_at_once(app: App) -> object:
    async def words(n: int) -> list[Any]:
        stream = await app.create(stream=True, user=str(n))
        return [part async for part in stream]

    return await asyncio.gather(*(words(n) for n in range(3)))


@scenario(ANSWER, spans=1, ways=ASYNC)
async def test_made_here_awaited_in_a_task(app: App) -> object:
    pending = app.completions.create(model="gpt-5-mini", messages=[])
    answer = await asyncio.create_task(pending)
    app.saw(trace.get_current_span().get_span_context().is_valid)
    return answer


@scenario(Stall(), spans=1, ways=ASYNC)
async def test_coroutine_closed_in_the_call(app: App) -> object:
    async def call() -> None:
        await app.create(timeout=1)

    coroutine = call()
    loop = asyncio.get_running_loop()
    waiting = coroutine.send(None)
    app.saw(isinstance(waiting, asyncio.Future))
    assert loop.is_running()
    coroutine.close()
    return "left"
