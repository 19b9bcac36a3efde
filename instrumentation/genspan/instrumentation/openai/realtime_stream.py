"""Puts the events of one Realtime response together."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core.reading import field, items, plain, string

from .media import Recording

_TEXT: Final = {
    # The second of each is what the beta called it.
    "response.output_text.delta": "output_text",
    "response.text.delta": "output_text",
    "response.output_audio_transcript.delta": "output_audio",
    "response.audio_transcript.delta": "output_audio",
}
"""Events that bring what is said in pieces, to the part of a message that it is."""
_SOUND: Final = ("response.output_audio.delta", "response.audio.delta")
_CALLED: Final = ("response.function_call_arguments.delta", "response.mcp_call_arguments.delta")

_FACTS: Final = ("id", "conversation_id", "status", "status_details", "usage")


class RealtimeFold:
    """Takes the events of a response. The last has its words whole, but never its sound."""

    def __init__(self) -> None:
        self._heard: dict[str, Any] = {}
        self._latest: Any = None
        self._refused: Any = None
        self._id: str | None = None
        self._done: list[Any] = []
        self._pieces: dict[str, _Item] = {}
        self._sound: dict[str, Recording] = {}

    def add(self, event: Any) -> None:
        """Takes a `RealtimeServerEvent` of the response."""
        kind = string(field(event, "type")) or ""
        self._id = self._id or string(field(event, "response_id"))
        item_id = str(field(event, "item_id"))
        if kind in _SOUND:
            self._sound.setdefault(item_id, Recording()).add(string(field(event, "delta")) or "")
        elif kind in _TEXT:
            self._pieces.setdefault(item_id, _Item()).say(_TEXT[kind], field(event, "delta"))
        elif kind in _CALLED:
            self._pieces.setdefault(item_id, _Item()).call(field(event, "delta"))
        elif kind == "response.output_item.added":
            item = field(event, "item")
            self._pieces.setdefault(str(field(item, "id")), _Item()).added = item
        elif kind == "response.output_item.done":
            item = field(event, "item")
            self._done.append(item)
            self._pieces.pop(str(field(item, "id")), None)
        elif kind == "error":
            self._refused = field(event, "error")
        elif field(event, "response") is not None:
            self._latest = field(event, "response")
            heard = field(event, "heard")
            self._heard = heard if isinstance(heard, dict) else self._heard

    def response(self) -> dict[str, Any]:
        """The JSON of a `RealtimeResponse`, in the form of the Responses API where theirs differ.

        Beside that it may have `input`, the items it answers to; `refused`, the error in its place; and `cut_off`,
        where no last event came.
        """
        latest = self._latest
        ended = field(latest, "status") not in ("in_progress", None)
        output = items(field(latest, "output")) if ended else ()
        details = field(latest, "status_details")
        return {
            **{name: field(latest, name) for name in _FACTS},
            "id": string(field(latest, "id")) or self._id,
            "incomplete_details": {"reason": field(details, "reason")},
            "input": list(self._heard.values()),
            "refused": self._refused,
            "cut_off": not ended,
            "output": [
                self._heard_too(item)
                for item in output or [*self._done, *(piece.item(key) for key, piece in self._pieces.items())]
            ],
        }

    def _heard_too(self, item: Any) -> Any:
        """The item with the sound of it."""
        whole = plain(item)
        if not isinstance(whole, dict):
            return item
        sound = self._sound.get(str(field(item, "id")))
        if sound is None:
            return whole
        mime_type = self._mime_type()
        parts = items(whole.get("content")) or ({"type": "output_audio"},)
        return {
            **whole,
            "content": [
                {**part, "recording": sound.part(mime_type)}
                if isinstance(part, dict) and part.get("type") in ("output_audio", "audio")
                else part
                for part in parts
            ],
        }

    def _mime_type(self) -> str | None:
        output = field(field(self._latest, "audio"), "output")
        return string(field(field(output, "format"), "type"))


class _Item:
    """An item of the answer that is not whole."""

    def __init__(self) -> None:
        self.added: Any = None
        self._said: dict[str, list[str]] = {}
        self._arguments: list[str] = []

    def say(self, kind: str, piece: Any) -> None:
        if isinstance(piece, str):
            self._said.setdefault(kind, []).append(piece)

    def call(self, piece: Any) -> None:
        if isinstance(piece, str):
            self._arguments.append(piece)

    def item(self, identifier: str) -> dict[str, Any]:
        added = plain(self.added)
        item = {"id": identifier, "type": "message", **(added if isinstance(added, dict) else {})}
        if self._arguments:
            item["arguments"] = "".join(self._arguments)
        if self._said:
            item["content"] = [
                {"type": kind, "text" if kind == "output_text" else "transcript": "".join(pieces)}
                for kind, pieces in self._said.items()
            ]
        return item
