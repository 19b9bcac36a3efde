"""Keeps contexts apart where LangChain's callbacks alone cannot.

The start and end callbacks of a run come from the same frame nearly everywhere, and what the one makes current, the
other undoes. Not so in generators, whose consumer must not find a run's context current between two chunks; where many
runs start side by side; and where there is no end callback at all, as after a cancellation. Those methods are wrapped:
a `Boundary` surrounds a frame in which runs start, a `Body` the work of a run that was started elsewhere.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Final, Protocol

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from genspan.instrumentation.core import Active, Wrapper, detach

from .runs import RUNS, Reader, Run, Scope


class _Frame(Protocol):
    """What surrounds one call."""

    def context(self, outer: Context) -> Context:
        """The context for the call, from that of its caller."""

    def leave(self) -> None:
        """The consumer wants no more of the generator that the call gave."""

    def end(self, error: BaseException | None = None) -> None:
        """The call is over, by itself or by an exception."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A method that starts a run, or `several` side by side.

    When it is left, the context is that of before, and a run that LangChain has not ended by then ends with it.
    """

    several: bool = False

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """What wrapt calls in place of the method."""
        return _surrounding(original, active, lambda instance, args, kwargs: Scope(instance, self.several))


@dataclass(frozen=True, slots=True)
class Body:
    """A method that does the work of a run: of the one whose manager, or list of managers, is the argument `name`.

    Where it is a list, one request to the model answers several prompts; it belongs to the first.
    """

    name: str
    position: int = 2

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """What wrapt calls in place of the method."""
        return _surrounding(original, active, lambda instance, args, kwargs: self._run(args, kwargs))

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Inside | None:
        manager = args[self.position] if len(args) > self.position else kwargs.get(self.name)
        if isinstance(manager, list):
            manager = manager[0] if manager else None
        run = RUNS.get(getattr(manager, "run_id", None))
        return None if run is None else _Inside(run)


@dataclass(frozen=True, slots=True)
class Reading:
    """A generator of events about a run that goes on in a task of its own.

    LangChain cancels that task when the app stops reading, which is no failure of what runs there.
    """

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """What wrapt calls in place of the method."""
        return _surrounding(original, active, lambda instance, args, kwargs: Reader())


class _Inside:
    """The work of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def context(self, outer: Context) -> Context:
        return self._run.context

    def leave(self) -> None:
        """Nothing, for the same reason."""

    def end(self, error: BaseException | None = None) -> None:
        """Nothing: the run ends by its callback, or with the boundary that it was started in."""


def _surrounding(
    original: Callable[..., Any],
    active: Active,
    frame_of: Callable[[Any, tuple[Any, ...], dict[str, Any]], _Frame | None],
) -> Wrapper:
    """One wrapper for functions, coroutine functions and generators of both kinds: what comes back tells."""
    starts_later = any(is_kind(original) for is_kind in _STARTS_LATER)

    def wrapped_call(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        telemetry = active()
        frame = frame_of(instance, args, kwargs) if telemetry is not None and telemetry.heard else None
        if frame is None:
            return wrapped(*args, **kwargs)
        if starts_later:
            return _surrounded(frame, wrapped(*args, **kwargs))
        token = otel_context.attach(frame.context(otel_context.get_current()))
        try:
            returned = wrapped(*args, **kwargs)
        except BaseException as error:
            frame.end(error)
            raise
        finally:
            detach(token)
        if type(returned) in _LAZY:
            # From a generator function that LangChain has decorated, say.
            return _surrounded(frame, returned)
        frame.end()
        return returned

    return wrapped_call


def _surrounded(frame: _Frame, returned: Any) -> Any:
    lazy = _LAZY[type(returned)](frame, returned)
    lazy.__name__, lazy.__qualname__ = returned.__name__, returned.__qualname__
    return lazy


async def _coroutine(frame: _Frame, pending: Coroutine[Any, Any, Any]) -> Any:
    token = otel_context.attach(frame.context(otel_context.get_current()))
    try:
        returned = await pending
    except BaseException as error:
        frame.end(error)
        raise
    finally:
        detach(token)
    frame.end()
    return returned


def _generator(frame: _Frame, stream: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    inside = frame.context(otel_context.get_current())

    def resumed(step: Callable[..., Any], *sent: Any) -> Any:
        nonlocal inside
        token = otel_context.attach(inside)
        try:
            return step(*sent)
        finally:
            inside = otel_context.get_current()
            detach(token)

    try:
        item = resumed(next, stream)
        while True:
            try:
                sent = yield item
            except GeneratorExit:  # noqa: PERF203 - the loop waits for the consumer
                frame.leave()
                resumed(stream.close)
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, and passed on
                item = resumed(stream.throw, error)
            else:
                item = resumed(stream.send, sent)
    except StopIteration as stop:
        frame.end()
        return stop.value
    except BaseException as error:
        frame.end(error)
        raise


async def _async_generator(frame: _Frame, stream: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    inside = frame.context(otel_context.get_current())

    async def resumed(step: Callable[..., Any], *sent: Any) -> Any:
        nonlocal inside
        token = otel_context.attach(inside)
        try:
            return await step(*sent)
        finally:
            inside = otel_context.get_current()
            detach(token)

    try:
        item = await resumed(_unregistered, stream)
        while True:
            try:
                sent = yield item
            except GeneratorExit:  # noqa: PERF203 - the loop waits for the consumer
                frame.leave()
                await resumed(stream.aclose)
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, and passed on
                item = await resumed(stream.athrow, error)
            else:
                item = await resumed(stream.asend, sent)
    except StopAsyncIteration:
        frame.end()
    except BaseException as error:
        frame.end(error)
        raise


def _unregistered(stream: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """The first item of a generator that the event loop shall know nothing of.

    A loop that shuts down closes all generators that it knows, at once. It knows the one around this, which closes it.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return anext(stream)
    finally:
        sys.set_asyncgen_hooks(*hooks)


_STARTS_LATER: Final = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
_LAZY: Final[dict[type, Callable[[_Frame, Any], Any]]] = {
    CoroutineType: _coroutine,
    GeneratorType: _generator,
    AsyncGeneratorType: _async_generator,
}
