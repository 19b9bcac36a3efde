"""Stands in for what a library returns when the answer is still to come, and records it as the app reads it.

The stand-ins are transparent proxies: `isinstance` holds, every attribute is that of the library's object. An
operation ends when its stream is exhausted, fails, is closed or left by `with`, or, where the app just drops it, when
it is garbage collected.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from copy import copy, deepcopy
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, SupportsIndex

from .dropping import drop
from .guard import guarded
from .method import UNREAD, Body, Envelope
from .recorder import Recorder

if TYPE_CHECKING:

    class _ObjectProxy:
        __wrapped__: Any

        def __init__(self, wrapped: object) -> None: ...

else:
    import wrapt

    # wrapt 1.x has the one class alone, which gives every proxy an `__iter__`.
    _ObjectProxy = getattr(wrapt, "BaseObjectProxy", wrapt.ObjectProxy)

_CLOSERS: Final = frozenset({"close", "aclose"})
_READS: Final = frozenset({"iter_bytes", "iter_text", "iter_lines"})
_READS_WITHIN: Final = frozenset({"stream_to_file"})
"""Methods of a body that read it by one of `_READS`."""
_KEPT: Final = 16 * 1024 * 1024
"""Bytes of a body that the app reads by itself that are kept until it is done."""


@functools.lru_cache(maxsize=256)  # An app may make classes of responses without end.
def stand_in_for(kind: type) -> Callable[[Any, Recorder], Any] | None:
    """What makes the recorded form of a stream of this class, None for a class that is none."""
    # Not `Iterable`: pydantic models, which responses are, are that as well.
    if issubclass(kind, Iterator):
        return _Stream
    if issubclass(kind, AsyncIterator):
        return _AsyncStream
    return None


def recorder_of(stream: Any) -> Recorder | None:
    """The recorder behind a stand-in, None for any other object."""
    return stream._self_recorder if isinstance(stream, _Watching) else None


def _then(finish: Callable[[], None], close: Callable[..., Any]) -> Callable[..., Any]:
    """A stream's method of closing, sync or async, that ends the operation too."""

    async def closing(pending: Awaitable[Any]) -> Any:
        try:
            return await pending
        finally:
            finish()

    @functools.wraps(close)
    def closer(*args: Any, **kwargs: Any) -> Any:
        try:
            result = close(*args, **kwargs)
        except BaseException:
            finish()
            raise
        if inspect.isawaitable(result):
            return closing(result)
        finish()
        return result

    return closer


class _Watching(_ObjectProxy):
    """What all stand-ins share: they end their operation when closed, left or dropped."""

    def __init__(self, wrapped: Any, recorder: Recorder) -> None:
        super().__init__(wrapped)
        self._self_recorder = recorder

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            value = getattr(self.__wrapped__, name)
            return _then(self._finish, value) if name in _CLOSERS else value

    def _finish(self) -> None:
        self._self_recorder.finish()

    def _passed_on(self, iterator: Iterator[Any], take: Callable[[Any], None]) -> Iterator[Any]:
        """The items, each taken as it passes; for as long as the app iterates it holds the stand-in alive."""
        # Leaving the loop does not end the operation: the app may go on reading the same stream.
        try:
            for item in iterator:
                take(item)
                yield item
        except GeneratorExit:
            raise
        except BaseException as error:
            self._self_recorder.fail(error)
            raise
        self._finish()

    async def _apassed_on(self, iterator: AsyncIterator[Any], take: Callable[[Any], None]) -> AsyncIterator[Any]:
        is_with_app = False
        try:
            async for item in iterator:
                take(item)
                is_with_app = True
                yield item
                is_with_app = False
        except GeneratorExit:
            raise
        except BaseException as error:
            # `asyncio.run` closes what the app has left, and cancels that where it does not come to it in time.
            if not is_with_app:
                self._self_recorder.fail(error)
            raise
        self._finish()

    def __copy__(self) -> Any:
        return copy(self.__wrapped__)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy(self.__wrapped__, memo)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return self.__wrapped__.__reduce_ex__(protocol)

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def __exit__(self, *raised: Any) -> Any:
        return _then(self._finish, self.__wrapped__.__exit__)(*raised)

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def __aexit__(self, *raised: Any) -> Any:
        return await _then(self._finish, self.__wrapped__.__aexit__)(*raised)

    def __del__(self) -> None:
        try:
            if not self._self_recorder.operation.ended:
                drop(self._finish)
        except Exception:  # noqa: BLE001 - the interpreter may be shutting down
            pass


class _Stream(_Watching):
    """A synchronous stream."""

    def __iter__(self) -> Iterator[Any]:
        iterator = iter(self.__wrapped__)
        return self if iterator is self.__wrapped__ else self._passed_on(iterator, self._self_recorder.chunk)

    def __next__(self) -> Any:
        recorder = self._self_recorder
        try:
            chunk = next(self.__wrapped__)
        except StopIteration:
            recorder.finish()
            raise
        except BaseException as error:
            recorder.fail(error)
            raise
        recorder.chunk(chunk)
        return chunk


class _AsyncStream(_Watching):
    """An asynchronous stream."""

    def __aiter__(self) -> AsyncIterator[Any]:
        iterator = self.__wrapped__.__aiter__()
        return self if iterator is self.__wrapped__ else self._apassed_on(iterator, self._self_recorder.chunk)

    async def __anext__(self) -> Any:
        recorder = self._self_recorder
        try:
            chunk = await self.__wrapped__.__anext__()
        except StopAsyncIteration:
            recorder.finish()
            raise
        except BaseException as error:
            recorder.fail(error)
            raise
        recorder.chunk(chunk)
        return chunk


class Pending(_ObjectProxy):
    """Something to await or to iterate over that sends its request only then, as a page of search results."""

    def __init__(self, wrapped: Any, run: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        super().__init__(wrapped)
        self._self_run = run

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._self_run().__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for item in await self:
            yield item


class Unparsed(_Watching):
    """An envelope whose response the app has yet to ask for, by `parse()` or by reading it."""

    def __init__(self, wrapped: Any, recorder: Recorder, envelope: Envelope) -> None:
        super().__init__(wrapped, recorder)
        self._self_envelope = envelope
        self._self_streams: dict[int, Any] = {}
        self._self_pieces: list[bytes] = []
        self._self_size = 0
        recorder.open()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            value = super().__getattr__(name)
            if name in _READS:
                return self._reading(name, value)
            # Bound to us, so that it finds the reading above.
            return MethodType(value.__func__, self) if name in _READS_WITHIN and inspect.ismethod(value) else value

    def _reading(self, name: str, read: Callable[..., Any]) -> Callable[..., Any]:
        keep = functools.partial(self._keep, b"\n" if name == "iter_lines" else b"")

        @functools.wraps(read)
        def reading(*args: Any, **kwargs: Any) -> Any:
            pieces = read(*args, **kwargs)
            passed_on = self._apassed_on if isinstance(pieces, AsyncIterator) else self._passed_on
            return passed_on(pieces, keep)

        return reading

    def _keep(self, end: bytes, piece: str | bytes) -> None:
        data = (piece.encode() if isinstance(piece, str) else piece) + end
        self._self_size += len(data)
        if self._self_size <= _KEPT:
            self._self_pieces.append(data)
        else:
            self._self_pieces.clear()

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """What the envelope's own `parse` gives, recorded."""
        try:
            parsed = self.__wrapped__.parse(*args, **kwargs)
        except BaseException as error:
            self._self_recorder.fail(error)
            raise
        return self._awaited(parsed) if inspect.isawaitable(parsed) else self._recorded(parsed)

    async def _awaited(self, parsed: Awaitable[Any]) -> Any:
        try:
            value = await parsed
        except BaseException as error:
            self._self_recorder.fail(error)
            raise
        return self._recorded(value)

    def _recorded(self, value: Any) -> Any:
        known = self._self_streams.get(id(value))
        if known is not None:
            return known
        stand_in = stand_in_for(value.__class__)
        if stand_in is None:
            self._self_recorder.response(value)
            return value
        stream = stand_in(value, self._self_recorder)
        self._self_recorder.open()
        # `parse` gives the same stream each time; so do we. Kept with the envelope, it must not keep itself alive.
        self._self_streams[id(value)] = stream
        return stream

    def _finish(self) -> None:
        # The app may have read the body itself (`.read()`, `.json()`) and never called `parse`.
        body = None if self._self_streams else guarded(self._self_envelope, self.__wrapped__)
        if body is not None and body is not UNREAD:
            self._self_recorder.response(body)
        elif self._self_size:
            data = b"".join(self._self_pieces) if self._self_pieces else None
            self._self_recorder.body(Body(data, self._self_size, self.__wrapped__))
        else:
            self._self_recorder.finish()

    def __del__(self) -> None:
        # A stream that was handed out ends the operation by itself.
        if not self._self_streams:
            super().__del__()
