"""The Live API: each response that a Live session has another model give, over `live.connect` and what joins it.

The Live model itself speaks and listens without turns, and its API tells of no response: no span is made of that.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from genspan.instrumentation.core import Step
from genspan.instrumentation.core.reading import field

from . import connections
from .connections import Opened
from .response_lanes import RESPONSES_OVER_SOCKET, LaneDialogue


class LiveDialogue:
    """Takes the events of the Responses API out of those of the Live API, a lane for each delegation."""

    def __init__(self, opened: Opened) -> None:
        self._responses = LaneDialogue(opened)
        self._model: Any = None

    def sent(self, event: Any) -> Sequence[Step]:
        """Takes a `ClientEvent` that starts or changes the session."""
        self._settings(field(event, "session"))
        return ()

    def unsent(self, key: Hashable) -> None:
        """Nothing: the server begins all responses."""

    def received(self, event: Any) -> Sequence[Step]:
        """Takes a `ServerEvent`."""
        self._settings(field(event, "session"))
        inner = field(event, "event")
        if field(event, "type") != "response.event" or not isinstance(inner, Mapping):
            return ()
        return self._responses.received({**inner, "stream_id": field(event, "delegation_id")}, self._model)

    def _settings(self, session: Any) -> None:
        self._model = field(field(field(session, "delegation"), "responses"), "model") or self._model


LIVE: Final = connections.connection(RESPONSES_OVER_SOCKET, LiveDialogue, ("session.start", "session.update"))

TARGETS: Final = (
    *connections.targets("openai.resources.live.live", "Live", LIVE),
    *connections.targets("openai.resources.live.sideband", "Sideband", LIVE),
    *connections.targets("openai.resources.live.forks", "Forks", LIVE),
)
