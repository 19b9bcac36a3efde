"""Responses over WebSocket: `responses.connect`, which carries several at once, each in a lane of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from genspan.instrumentation.core import Sends, Step, Target
from genspan.instrumentation.core.reading import field, items, string

from . import connections
from .connections import Opened
from .responses import CREATE

CREATE_EVENT: Final = "response.create"
STEER_EVENT: Final = "response.steer"

_TERMINAL: Final = frozenset({"response.completed", "response.failed", "response.incomplete", "response.cancelled"})
_OF_STEERING: Final = "response.steer."


@dataclass(slots=True)
class _Asked:
    """A response that was asked for, or that the server began by itself."""

    key: Hashable
    created: bool = False


class LaneDialogue:
    """Tells responses apart by lane. One lane's are answered in the order asked, one after the other."""

    def __init__(self, _: Opened) -> None:
        self._keys = count()
        self._lanes: dict[str | None, deque[_Asked]] = {}
        self._models: dict[str | None, Any] = {}
        self._steering: dict[str | None, list[Any]] = {}

    def sent(self, event: Any) -> Sequence[Step]:
        """Takes a `ResponsesClientEvent`."""
        if field(event, "type") == STEER_EVENT:
            parent = string(field(event, "previous_response_id"))
            self._steering.setdefault(parent, []).extend(items(field(event, "input")) or [field(event, "input")])
            return ()
        lane, key = string(field(event, "stream_id")), next(self._keys)
        self._models[lane] = field(event, "model")
        self._lanes.setdefault(lane, deque()).append(_Asked(key))
        return (Step(key, begins={**event, "stream": True}),)

    def unsent(self, key: Hashable) -> None:
        """Forgets a response that was not asked for after all."""
        for waiting in self._lanes.values():
            for asked in tuple(waiting):
                if asked.key == key:
                    waiting.remove(asked)

    def received(self, event: Any, model: Any = None) -> Sequence[Step]:
        """Takes a `ResponsesServerEvent`. `model` is what a response is asked of that the server begins by itself."""
        kind, lane = string(field(event, "type")) or "", string(field(event, "stream_id"))
        if kind.startswith(_OF_STEERING):
            if kind.endswith("failed"):
                self._steering.pop(string(field(field(event, "steer"), "previous_response_id")), None)
            return ()
        waiting = self._lanes.setdefault(lane, deque())
        if kind == "error":
            return self._failed(waiting, event)
        if kind == "response.created" and not waiting:
            return (self._successor(waiting, event, self._models.get(lane) or model),)
        if not waiting:
            return ()
        asked = waiting[0]
        asked.created = True
        ends = kind in _TERMINAL
        if ends:
            waiting.popleft()
        return (Step(asked.key, chunk=event, ends=ends),)

    def _failed(self, waiting: deque[_Asked], event: Any) -> Sequence[Step]:
        # An error without a number is of no response that has begun: the next one asked for was refused.
        refused = [asked for asked in waiting if not asked.created] if field(event, "sequence_number") is None else []
        asked = next(iter(refused or waiting), None)
        if asked is None:
            return ()
        waiting.remove(asked)
        return (Step(asked.key, chunk=event, ends=True),)

    def _successor(self, waiting: deque[_Asked], event: Any, model: Any) -> Step:
        """A response that goes on from another with the input that steered it: with the settings of that one."""
        asked = _Asked(next(self._keys), created=True)
        waiting.append(asked)
        response = field(event, "response")
        parent = string(field(response, "previous_response_id"))
        arguments: Mapping[str, Any] = {
            "model": model or field(response, "model"),
            "previous_response_id": parent,
            "input": self._steering.pop(parent, None),
            "stream": True,
        }
        return Step(asked.key, begins=arguments, chunk=event)


RESPONSES_OVER_SOCKET: Final = replace(
    CREATE, identity=connections.model_and_endpoint, overrides=None, envelope=None, body=None
)
RESPONSES: Final = connections.connection(RESPONSES_OVER_SOCKET, LaneDialogue, (CREATE_EVENT, STEER_EVENT))

# A session's lanes send past the connection's own methods (openai 3.5x).
_LANE: Final = Sends(lambda lane: (lane._session.connection, {"stream_id": lane._state.stream_id}))
_LANES: Final = "openai.lib.responses_websocket._session"

TARGETS: Final = (
    *connections.targets("openai.resources.responses.responses", "Responses", RESPONSES),
    *connections.targets("openai.resources.beta.responses.responses", "Responses", RESPONSES),
    Target(_LANES, "ResponsesWebSocketLane.send", _LANE),
    Target(_LANES, "AsyncResponsesWebSocketLane.send", _LANE),
)
