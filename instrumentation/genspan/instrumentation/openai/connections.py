"""What the SDK's connections over WebSocket share: who opened one, what is sent over it, and when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from genspan.instrumentation.core import (
    CLOSES,
    READS,
    RECEIVES,
    SENDS,
    Attributes,
    Call,
    Connection,
    Dialogue,
    Method,
    Opens,
    Queues,
    Surrounding,
    Target,
)
from genspan.instrumentation.core.reading import field, plain, string
from genspan.semconv import attributes as names
from genspan.semconv.encoding import decode

from .endpoint import socket_endpoint_of


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection that is open."""

    endpoint: Attributes
    """Provider, server address and port."""
    model: str | None
    """The model of all that it carries, where `connect` names one."""


def model_and_endpoint(call: Call) -> Attributes:
    """What names the span of a response: provider, address, and the model asked for."""
    opened: Opened = call.instance
    attributes = dict(opened.endpoint)
    model = string(call.get("model")) or opened.model
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    return attributes


def connection(method: Method, dialogue: Callable[[Opened], Dialogue], heard: tuple[str, ...]) -> Connection:
    """A connection of the SDK's. `heard` are the types of the client's events that the dialogue knows."""

    def event(given: Any) -> Mapping[str, Any] | None:
        if isinstance(given, bytes):
            given = given.decode()
        if isinstance(given, str):
            # Most of what goes out is sound, which is long: it is looked through, and not decoded.
            given = decode(given) if any(name in given for name in heard) else None
        if field(given, "type") not in heard:
            return None
        return given if isinstance(given, Mapping) else _mapping(plain(given))

    return Connection(method=method, opened=_opened, dialogue=dialogue, event=event, broken=_broken)


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _opened(manager: Any) -> Opened:
    # Private in every version that has them: openai 1.58 to 3.51.
    private = f"_{type(manager).__name__}__"
    return Opened(
        socket_endpoint_of(getattr(manager, f"{private}client")), string(getattr(manager, f"{private}model", None))
    )


def _broken(error: BaseException) -> bool | None:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if "ConnectionClosed" not in kinds:
        return None  # a timeout, or a task that is cancelled: the connection lives
    return "ConnectionClosedOK" not in kinds


def targets(module: str, kind: str, opens: Connection) -> tuple[Target, ...]:
    """The methods of a connection and of what opens it, blocking and not: `kind` as in `{kind}Connection`."""
    manager: dict[str, Surrounding] = {**dict.fromkeys(_ENTER, Opens(opens)), "send": Queues(opens)}
    return tuple(
        Target(module, f"{prefix}{kind}{owner}.{name}", does)
        for prefix in ("", "Async")
        for owner, methods in (("ConnectionManager", manager), ("Connection", _METHODS))
        for name, does in methods.items()
    )


_ENTER: Final = ("__enter__", "__aenter__", "enter")
_METHODS: Final[dict[str, Surrounding]] = {
    "send": SENDS,
    "send_raw": SENDS,
    "recv_bytes": READS,
    "parse_event": RECEIVES,
    "close": CLOSES,
}
_BASES: Final = "openai._websocket_connection"

TARGETS: Final = tuple(
    # openai 3 has them in one place for all connections.
    Target(_BASES, f"{owner}.{name}", _METHODS[name])
    for owner in ("WebSocketConnectionBase", "AsyncWebSocketConnectionBase")
    for name in ("send_raw", "close")
)
