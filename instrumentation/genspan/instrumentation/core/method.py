"""Describes a library's method: which operation it is, and how to read what goes in and comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.util.types import AttributeValue

from .operation import Content, Failure
from .reading import Attributes, given

if TYPE_CHECKING:
    from .telemetry import Telemetry

Found = Mapping[str, AttributeValue | None]
"""Attributes by name; None where the value is absent."""


@dataclass(slots=True)
class Call:
    """One call of a wrapped method, as an extractor sees it."""

    instance: Any
    """The object that the method is bound to."""
    arguments: Mapping[str, Any]
    """By name, as they go out."""
    watched: bool = False
    """Some are generators or the like, whose items are known only when the library has read them."""

    def get(self, name: str) -> Any:
        """An argument, None where it is omitted."""
        return given(self.arguments.get(name))


class Fold(Protocol):
    """Puts the chunks of a stream together, one by one."""

    def add(self, chunk: Any) -> None:
        """Takes the next chunk."""

    def response(self) -> Any:
        """What came so far, in the shape that the method returns when it does not stream."""


class Envelope(Protocol):
    """Tells whether a returned value only holds the response, as `with_raw_response` does."""

    def __call__(self, returned: Any) -> Any:
        """The response inside, `UNREAD` where it has yet to be asked for, or None for a value that is no envelope."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """What a body turned out to hold: a streamed response, chunk by chunk."""

    chunks: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Body:
    """What the app has read by itself of the body of a response."""

    data: bytes | None
    """The bytes, None where they were too many to keep."""
    size: int
    """How many they were."""
    envelope: Any
    """What the app read them out of."""


UNREAD: Any = object()
"""What an `Envelope` answers when the response comes later, from the envelope's `parse()`."""


def _nothing(_: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is a GenAI operation. Every function is pure: values in, values out."""

    operation: str
    """A value of `genspan.semconv.values.OperationName`."""
    identity: Callable[[Call], Attributes]
    """The attributes that name the span and that samplers see."""
    request: Callable[[Call], Found] = _nothing
    """The other request attributes."""
    request_content: Callable[[Call], Content] = _nothing
    """The content attributes of the request; asked for only where content is captured."""
    response: Callable[[Any], Found] = _nothing
    response_content: Callable[[Any], Content] = _nothing
    failure: Callable[[Any], Failure | None] | None = None
    """What a response that the library takes for a good one says of its failure; None where none does."""
    fold: Callable[[], Fold] | None = None
    """How to put a streamed response together; None where the method never streams."""
    envelope: Envelope | None = None
    positional: tuple[str, ...] = ()
    """Names of the arguments that may be given by position, in their order."""
    awaitable: bool = False
    """It is no coroutine function, and returns something to await that does nothing before."""
    body: Callable[[Body], Any] | None = None
    """The response, or `Chunks`, from a body that the app reads out of the envelope by itself; None for neither."""
    overrides: str | None = None
    """The argument, a mapping, whose items replace the arguments of the same names on the wire."""
    own: bool = False
    """For all we know, it asks a service of the app's own, and no vendor's as other operations of clients do."""
    iterables: tuple[str, ...] = ()
    """Arguments that may be any iterables: they are watched as the library reads them, never read by us."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A method that closes a stream which the library wrapped in an object of its own."""

    stream: Callable[[Any], Any]
    """The wrapped stream, from the object that the method is bound to."""


Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""What wrapt calls: the wrapped method, its instance, positional and keyword arguments."""

Active = Callable[[], "Telemetry | None"]
"""What to report with, None while uninstrumented."""


class Surrounding(Protocol):
    """A method that is no operation itself, but that operations start or end in."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """What wrapt is to call in place of `original`."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a method is found."""

    module: str
    """The module that defines it; patched when the app imports it."""
    name: str
    """`Class.method` or `function`. A library version without it is passed over."""
    does: Method | Closing | Surrounding
