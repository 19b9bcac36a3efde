"""The wrappers around library methods: one for all methods, sync and async."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from opentelemetry.context import Context, get_current

from .guard import guarded
from .method import UNREAD, Active, Call, Chunks, Closing, Method, Surrounding, Wrapper
from .operation import Operation, detach
from .reading import present, watched
from .recorder import Recorder, conclude
from .sampling import Unrecorded
from .stream import Pending, Unparsed, recorder_of, stand_in_for
from .telemetry import Telemetry


def wrapper(does: Method | Closing | Surrounding, original: Callable[..., Any], active: Active) -> Wrapper:
    """The wrapper for a target, by what it does and whether the original is a coroutine function."""
    if isinstance(does, Closing):
        return _closing(does)
    if not isinstance(does, Method):
        return does.wrapper(original, active)
    # SDKs decorate async methods with plain functions that check arguments.
    if does.awaitable or inspect.iscoroutinefunction(inspect.unwrap(original)):
        return _asynchronous(does, active)
    return _synchronous(does, active)


def _synchronous(method: Method, active: Active) -> Wrapper:
    def wrapped_call(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        telemetry = active()
        if telemetry is None or not telemetry.hears(context := get_current()):
            return wrapped(*args, **kwargs)
        kwargs, call = watching(method, telemetry, instance, args, kwargs)
        operation = guarded(begin, method, telemetry, call, context)
        if operation is None:
            return wrapped(*args, **kwargs)
        token = operation.attach()
        try:
            returned = wrapped(*args, **kwargs)
        except BaseException as error:
            late_content(method, operation, call)
            operation.fail(error)
            raise
        finally:
            detach(token)
        return _settle(method, operation, call, returned)

    return wrapped_call


def _asynchronous(method: Method, active: Active) -> Wrapper:
    def wrapped_call(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        telemetry = active()
        if telemetry is None or not telemetry.hears(context := get_current()):
            return wrapped(*args, **kwargs)
        kwargs, call = watching(method, telemetry, instance, args, kwargs)
        try:
            # Wrong arguments raise here and now; nothing else happens before the app awaits.
            pending = wrapped(*args, **kwargs)
        except BaseException as error:
            operation = guarded(begin, method, telemetry, call, context)
            if operation is not None:
                operation.fail(error)
            raise
        if method.awaitable:
            return Pending(pending, lambda: _awaited(method, telemetry, call, Inner(pending)))
        if not inspect.iscoroutine(pending):
            return pending
        recorded: Any = _awaited(method, telemetry, call, Inner(pending))
        recorded.__name__, recorded.__qualname__ = pending.__name__, pending.__qualname__
        return recorded

    return wrapped_call


class Inner:
    """What the library gave to await, inside our coroutine, which the app has.

    Where the app cancels or drops ours before it has started, Python would warn that the inner one was never awaited.
    """

    __slots__ = ("awaitable",)

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.awaitable = awaitable

    def __del__(self) -> None:
        if inspect.iscoroutine(self.awaitable):
            self.awaitable.close()


async def _awaited(method: Method, telemetry: Telemetry, call: Call, inner: Inner) -> Any:
    operation = guarded(begin, method, telemetry, call, get_current())
    if operation is None:
        return await inner.awaitable
    token = operation.attach()
    try:
        returned = await inner.awaitable
    except BaseException as error:
        late_content(method, operation, call)
        operation.fail(error)
        raise
    finally:
        detach(token)
    return _settle(method, operation, call, returned)


def watching(
    method: Method, telemetry: Telemetry, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dict[str, Any], Call]:
    """The arguments for the library and the call for the extractors; the same but for what only iterating shows."""
    seen: dict[str, list[Any]] = {}
    if telemetry.captures_content:
        for name in method.iterables:
            value = kwargs.get(name)
            if value is not None and type(value) is not list and _shown_by_iterating(value):
                seen[name] = []
                kwargs = {**kwargs, name: watched(value, seen[name])}
    arguments = {**kwargs, **seen} if seen else kwargs
    if args:
        arguments = {**dict(zip(method.positional, args, strict=False)), **arguments}
    overriding = kwargs.get(method.overrides) if method.overrides else None
    if isinstance(overriding, dict):
        arguments = {**arguments, **overriding}
    return kwargs, Call(instance, arguments, bool(seen))


def _shown_by_iterating(value: Any) -> TypeGuard[Iterable[Any]]:
    """Whether only iterating shows what is in it, which the library is to do: once, and when it likes."""
    return not isinstance(value, (Sequence, Mapping)) and isinstance(value, Iterable)


def begin(
    method: Method, telemetry: Telemetry, call: Call, context: Context, conversation: str | None = None
) -> Operation:
    """Starts the operation of a call that is made in a context, with what the call's arguments say."""
    if telemetry.drops(context):
        return Unrecorded(method, context)
    attributes = guarded(method.identity, call) or {}
    attributes.update(present(guarded(method.request, call) or {}))
    operation = telemetry.start(method.operation, attributes, parent=context, conversation=conversation, own=method.own)
    if operation.captures_content and not call.watched:
        # Now, since the app may change its list of messages as soon as it has the answer.
        operation.add({}, guarded(method.request_content, call))
    return operation


def late_content(method: Method, operation: Operation, call: Call) -> None:
    """The content of arguments that the library has read by now."""
    if call.watched and operation.captures_content:
        operation.add({}, guarded(method.request_content, call))


def _settle(method: Method, operation: Operation, call: Call, returned: Any) -> Any:
    """Records what the method returned, and gives the app the same thing, or its stand-in."""
    if not operation.recording:
        operation.finish()
        return returned
    late_content(method, operation, call)
    envelope = method.envelope
    body = returned
    if envelope is not None:
        inside = guarded(envelope, returned)
        if inside is UNREAD:
            return Unparsed(returned, Recorder(operation, method), envelope)
        body = returned if inside is None else inside
    if method.fold is not None:
        stand_in = stand_in_for(body.__class__)
        if stand_in is not None:
            recorder = Recorder(operation, method)
            recorder.open()
            return stand_in(body, recorder)
    if isinstance(body, Chunks):
        Recorder(operation, method).response(body)
    else:
        conclude(operation, method, body)
    return returned


def _closing(closing: Closing) -> Wrapper:
    def finish(instance: Any) -> None:
        recorder = recorder_of(closing.stream(instance))
        if recorder is not None:
            recorder.finish()

    async def awaited(instance: Any, pending: Any) -> Any:
        try:
            return await pending
        finally:
            guarded(finish, instance)

    def wrapped_call(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        returned = wrapped(*args, **kwargs)
        if inspect.iscoroutine(returned):
            return awaited(instance, returned)
        guarded(finish, instance)
        return returned

    return wrapped_call
