"""Puts the events of a streamed response together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from genspan.instrumentation.core.reading import field, items, plain, string

_FACTS: Final = ("id", "model", "status", "service_tier", "conversation", "usage", "error", "incomplete_details")
_UNENDED: Final = ("in_progress", "queued", None)

_PIECES: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "response.output_text.delta": lambda said: {
        "type": "message",
        "content": [{"type": "output_text", "text": said}],
    },
    "response.refusal.delta": lambda said: {"type": "message", "content": [{"type": "refusal", "refusal": said}]},
    "response.reasoning_summary_text.delta": lambda said: {"type": "reasoning", "summary": [{"text": said}]},
    "response.reasoning_text.delta": lambda said: {"type": "reasoning", "content": [{"text": said}]},
    "response.function_call_arguments.delta": lambda said: {"type": "function_call", "arguments": said},
    "response.custom_tool_call_input.delta": lambda said: {"type": "custom_tool_call", "input": said},
    "response.mcp_call_arguments.delta": lambda said: {"type": "mcp_call", "arguments": said},
}
"""Events that bring an item in pieces, to what the item is by the pieces together."""


class ResponseFold:
    """Takes the events of a streamed response. The last holds it whole; cut off before, what came is put together."""

    def __init__(self) -> None:
        self._latest: Any = None
        self._error: Any = None
        self._added: dict[str, Any] = {}
        self._done: list[Any] = []
        self._pieces: dict[str, tuple[str, list[str]]] = {}

    def add(self, event: Any) -> None:
        """Takes a `ResponseStreamEvent`."""
        kind = string(field(event, "type"))
        if kind in _PIECES:
            piece = field(event, "delta")
            if isinstance(piece, str):
                self._pieces.setdefault(str(field(event, "item_id")), (kind, []))[1].append(piece)
        elif kind == "response.output_item.added":
            item = field(event, "item")
            self._added[str(field(item, "id"))] = item
        elif kind == "response.output_item.done":
            item = field(event, "item")
            self._done.append(item)
            self._pieces.pop(str(field(item, "id")), None)
        elif kind == "error":
            self._error = event
        else:
            self._latest = field(event, "response") or self._latest

    def response(self) -> Any:
        """The response, or the JSON of what is known of it.

        Beside the fields of a `Response` that may have `stream_error`, the event of an error, and `cut_off`, which is
        True where no last event came.
        """
        latest = self._latest
        if latest is None and not (self._done or self._pieces or self._error):
            return None
        cut_off = field(latest, "status") in _UNENDED
        if not cut_off and (items(field(latest, "output")) or not (self._done or self._pieces)):
            return latest
        return {
            **{name: field(latest, name) for name in _FACTS},
            "stream_error": self._error,
            "cut_off": cut_off,
            "output": [*self._done, *(self._unfinished(*piece) for piece in self._pieces.items())],
        }

    def _unfinished(self, identifier: str, pieces: tuple[str, list[str]]) -> dict[str, Any]:
        kind, said = pieces
        added = plain(self._added.get(identifier))
        return {**(added if isinstance(added, dict) else {}), **_PIECES[kind]("".join(said))}
