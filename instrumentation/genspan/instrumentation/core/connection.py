"""Records operations that share one connection, as the responses over a websocket do.

The app sends events and receives events, in any order, from any thread or task, and several operations may be under
way at once. A `Dialogue` of the library's package says which events begin, continue and end which of them; what is
here wraps the methods, starts and ends the operations, and forgets a connection as soon as the app does.

    VOICE = Connection(method=…, opened=…, dialogue=…, event=…, broken=…)
    Target("library.voice", "VoiceManager.__enter__", Opens(VOICE))
    Target("library.voice", "VoiceConnection.send", SENDS)
    Target("library.voice", "VoiceConnection.parse", RECEIVES)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from opentelemetry.context import get_current

from .dropping import drop
from .guard import guarded
from .method import Active, Call, Method, Wrapper
from .operation import detach
from .recorder import Recorder
from .telemetry import Telemetry
from .wrapping import Inner, begin, late_content, watching


@dataclass(frozen=True, slots=True)
class Step:
    """What an event means for one of the operations on a connection."""

    key: Hashable
    """Which one."""
    begins: Mapping[str, Any] | None = None
    """The arguments of an operation that begins with it, as `Method` reads them."""
    chunk: Any = None
    """A chunk of its response. One that comes with the beginning is no chunk to be timed."""
    ends: bool = False
    """Whether its response is whole."""


class Dialogue(Protocol):
    """Tells the operations on one connection apart, by its events alone.

    `sent` may be called from other threads than `received`.
    """

    def sent(self, event: Any) -> Sequence[Step]:
        """Takes an event that is about to be sent."""

    def unsent(self, key: Hashable) -> None:
        """Forgets an operation whose event was not sent after all."""

    def received(self, event: Any) -> Sequence[Step]:
        """Takes an event that has come."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that carries operations. Every function is pure."""

    method: Method
    """The operation. The `instance` of its calls is what `opened` gives."""
    opened: Callable[[Any], Any]
    """What operations need to know of the object that opened the connection, and nothing that holds on to it."""
    dialogue: Callable[[Any], Dialogue]
    """A dialogue, from what `opened` gave."""
    event: Callable[[Any], Mapping[str, Any] | None]
    """The event in what is given to be sent, which may be its text; None where it is of no interest."""
    broken: Callable[[BaseException], bool | None]
    """Whether an error of reading says that the connection broke (True) or was closed (False); None for neither."""


class _Session:
    """What is under way on one connection."""

    def __init__(self, does: Connection, opened: Any, active: Active) -> None:
        self.does = does
        self.active = active
        self._opened = opened
        self._dialogue = does.dialogue(opened)
        self._recorders: dict[Hashable, Recorder] = {}

    def call(self, arguments: Mapping[str, Any], watched: bool = False) -> Call:
        return Call(self._opened, arguments, watched)

    def send(self, telemetry: Telemetry, event: Call) -> list[tuple[Hashable, Recorder, Call]]:
        """Takes an event that is about to be sent; gives what it begins."""
        return self._take(telemetry, self._dialogue.sent(event.arguments), event.watched)

    def sent(self, begun: Sequence[tuple[Hashable, Recorder, Call]]) -> None:
        for _, recorder, call in begun:
            late_content(self.does.method, recorder.operation, call)

    def unsent(self, begun: Sequence[tuple[Hashable, Recorder, Call]], error: BaseException) -> None:
        for key, recorder, _ in begun:
            self._dialogue.unsent(key)
            self._recorders.pop(key, None)
            recorder.fail(error)

    def receive(self, telemetry: Telemetry, event: Any) -> None:
        self._take(telemetry, self._dialogue.received(event), False)

    def _take(
        self, telemetry: Telemetry, steps: Sequence[Step], watched: bool
    ) -> list[tuple[Hashable, Recorder, Call]]:
        begun = []
        for step in steps:
            if step.begins is not None:
                call = self.call(step.begins, watched)
                recorder = self._begin(telemetry, call)
                if recorder is None:
                    continue
                self._recorders[step.key] = recorder
                begun.append((step.key, recorder, call))
                if step.chunk is not None:
                    recorder.add(step.chunk)
            elif (known := self._recorders.get(step.key)) is not None:
                if step.chunk is not None:
                    known.chunk(step.chunk)
                if step.ends:
                    self._recorders.pop(step.key, None)
                    known.finish()
        return begun

    def _begin(self, telemetry: Telemetry, call: Call) -> Recorder | None:
        context = get_current()
        if not telemetry.hears(context):
            return None
        operation = begin(self.does.method, telemetry, call, context)
        if not operation.recording:
            operation.finish()
            return None
        recorder = Recorder(operation, self.does.method)
        recorder.open()
        return recorder

    def end(self, error: BaseException | None = None) -> None:
        """Ends all that is under way: the connection broke, or nobody wants more of it.

        The library may connect anew under the same object; the server knows nothing then of what was before.
        """
        self._dialogue = self.does.dialogue(self._opened)
        while self._recorders:
            try:
                _, recorder = self._recorders.popitem()
            except KeyError:
                return  # Another thread took the last one.
            if error is None:
                recorder.finish()
            else:
                recorder.fail(error)

    def __del__(self) -> None:
        try:
            if self._recorders:
                drop(self.end)
        except Exception:  # noqa: BLE001 - the interpreter may be shutting down
            pass


_sessions: Final[WeakKeyDictionary[Any, _Session]] = WeakKeyDictionary()
_queued: Final[WeakKeyDictionary[Any, list[Mapping[str, Any]]]] = WeakKeyDictionary()
"""Events given to what will open a connection, to be sent when it does."""


def end_inactive() -> None:
    """Ends what is under way on connections whose instrumentor has been uninstrumented: it will hear no more of it."""
    for session in list(_sessions.values()):
        if session.active() is None:
            session.end()


_inside_send: Final[ContextVar[bool]] = ContextVar("genspan_inside_send", default=False)
"""Some versions of a library send by another of the methods that are wrapped."""


class _Sending:
    """The time of sending an event."""

    def __init__(self, session: _Session, telemetry: Telemetry, event: Call) -> None:
        self._session = session
        self._telemetry = telemetry
        self._event = event
        self._begun: Sequence[tuple[Hashable, Recorder, Call]] = ()

    def __enter__(self) -> None:
        self._token: Token[Any] = _inside_send.set(True)
        # Before it is sent: the answer may come to another thread at once.
        self._begun = guarded(self._session.send, self._telemetry, self._event) or ()

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        detach(self._token)
        if error is None:
            guarded(self._session.sent, self._begun)
        else:
            guarded(self._session.unsent, self._begun, error)


class _Reading:
    """The time of waiting for an event."""

    def __init__(self, session: _Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        broken = None if error is None else guarded(self._session.does.broken, error)
        if broken is not None:
            guarded(self._session.end, error if broken else None)


class _Closing:
    """The time of closing."""

    def __init__(self, session: _Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        # Before it is closed: whoever reads sees an error then, which is none of the app's operations.
        guarded(self._session.end)

    def __exit__(self, *_: object) -> None:
        """Nothing more."""


async def _awaited(inner: Inner, around: AbstractContextManager[Any]) -> Any:
    with around:
        return await inner.awaitable


def _around(
    around: AbstractContextManager[Any], wrapped: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Calls a method within a context, which an asynchronous one enters when it is awaited."""
    if not inspect.iscoroutinefunction(inspect.unwrap(wrapped)):
        with around:
            return wrapped(*args, **kwargs)
    pending = wrapped(*args, **kwargs)
    recorded: Any = _awaited(Inner(pending), around)
    recorded.__name__, recorded.__qualname__ = pending.__name__, pending.__qualname__
    return recorded


def _session_of(connection: Any) -> _Session | None:
    return guarded(_sessions.get, connection)


@dataclass(frozen=True, slots=True)
class Opens:
    """A method that returns a connection, or something to await that does."""

    connection: Connection

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Knows the connection from then on."""

        async def awaited(manager: Any, inner: Inner) -> Any:
            opened = await inner.awaitable
            guarded(self._opened, active, manager, opened)
            return opened

        def wrapped_call(wrapped: Callable[..., Any], manager: Any, args: Any, kwargs: Any) -> Any:
            returned = wrapped(*args, **kwargs)
            if inspect.iscoroutine(returned):
                recorded: Any = awaited(manager, Inner(returned))
                recorded.__name__, recorded.__qualname__ = returned.__name__, returned.__qualname__
                return recorded
            guarded(self._opened, active, manager, returned)
            return returned

        return wrapped_call

    def _opened(self, active: Active, manager: Any, connection: Any) -> None:
        events, telemetry = _queued.pop(manager, ()), active()
        if telemetry is None:
            return
        session = _sessions[connection] = _Session(self.connection, self.connection.opened(manager), active)
        for event in events:
            session.send(telemetry, session.call(event))


@dataclass(frozen=True, slots=True)
class Queues:
    """A method that takes an event to be sent as soon as the connection is open."""

    connection: Connection

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Keeps the event until then."""

        def wrapped_call(wrapped: Callable[..., Any], manager: Any, args: Any, kwargs: Any) -> Any:
            returned = wrapped(*args, **kwargs)
            if active() is not None:
                guarded(self._queue, manager, _given(args, kwargs))
            return returned

        return wrapped_call

    def _queue(self, manager: Any, given: Any) -> None:
        event = self.connection.event(given)
        if event is not None:
            _queued.setdefault(manager, []).append(event)


def _itself(connection: Any) -> tuple[Any, Mapping[str, Any]]:
    return connection, {}


@dataclass(frozen=True, slots=True)
class Sends:
    """A method that sends the event given first."""

    via: Callable[[Any], tuple[Any, Mapping[str, Any]]] = field(default=_itself)
    """The connection, from the object that the method is bound to, and what that adds to the event."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Begins what the event begins."""

        def wrapped_call(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
            telemetry = active()
            if telemetry is None or _inside_send.get():
                return wrapped(*args, **kwargs)
            connection, added = guarded(self.via, instance) or (None, {})
            session = _session_of(connection)
            given = _given(args, kwargs)
            event = None if session is None else guarded(session.does.event, given)
            if session is None or event is None:
                return wrapped(*args, **kwargs)
            passed, seen = watching(session.does.method, telemetry, None, (), dict(event))
            if seen.watched:
                args, kwargs = (passed, *args[1:]), {}
            call = session.call({**seen.arguments, **added}, seen.watched)
            return _around(_Sending(session, telemetry, call), wrapped, args, kwargs)

        return wrapped_call


class _Receives:
    """A method that gives a received event as an object."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Records the event where it belongs."""

        def wrapped_call(wrapped: Callable[..., Any], connection: Any, args: Any, kwargs: Any) -> Any:
            event = wrapped(*args, **kwargs)
            telemetry, session = active(), _session_of(connection)
            if telemetry is not None and session is not None:
                guarded(session.receive, telemetry, event)
            return event

        return wrapped_call


@dataclass(frozen=True, slots=True)
class _During:
    """A method whose call says something of all that is under way."""

    around: Callable[[_Session], AbstractContextManager[Any]]

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Calls it within the context."""

        def wrapped_call(wrapped: Callable[..., Any], connection: Any, args: Any, kwargs: Any) -> Any:
            session = None if active() is None else _session_of(connection)
            if session is None:
                return wrapped(*args, **kwargs)
            return _around(self.around(session), wrapped, args, kwargs)

        return wrapped_call


SENDS: Final = Sends()
RECEIVES: Final = _Receives()
READS: Final = _During(_Reading)
"""A method that waits for an event and raises where the connection breaks."""
CLOSES: Final = _During(_Closing)
"""A method that closes the connection."""


def _given(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)
