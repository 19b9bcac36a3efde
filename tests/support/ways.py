"""Lets one scenario run both ways: with a blocking client outside any event loop, and with an asynchronous one in it.

A scenario is a coroutine function that reaches the client through a `Way`, whose methods await what is to be awaited.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Way:
    """Blocking."""

    name = "sync"

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a scenario to its end."""
        # Nothing in it really waits, so it needs no event loop: there is none, as in an app that blocks.
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        raise AssertionError("a blocking scenario waited")

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the function returns, once awaited where that is due."""
        result = function(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    async def read(self, stream: Any, each: Callable[[Any], object], limit: int | None = None) -> None:
        """Gives `each` every item of a `for` loop over the stream, which breaks after `limit` of them."""
        left = limit
        for item in stream:
            each(item)
            if left is not None and (left := left - 1) == 0:
                break

    async def next(self, stream: Any) -> Any:
        """The next item."""
        return next(stream)

    @asynccontextmanager
    async def using(self, manager: Any) -> AsyncIterator[Any]:
        """A `with` block."""
        with manager as entered:
            yield entered


class AsyncWay(Way):
    """In an event loop."""

    name = "async"

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(coroutine)

    async def read(self, stream: Any, each: Callable[[Any], object], limit: int | None = None) -> None:
        left = limit
        async for item in stream:
            each(item)
            if left is not None and (left := left - 1) == 0:
                break

    async def next(self, stream: Any) -> Any:
        return await anext(stream)

    @asynccontextmanager
    async def using(self, manager: Any) -> AsyncIterator[Any]:
        async with manager as entered:
            yield entered


WAYS = (Way(), AsyncWay())
