"""Puts the chunks of a streamed chat completion together."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from genspan.instrumentation.core.reading import field, fields, items, string

from .media import Recording

_FACTS: Final = ("id", "model", "system_fingerprint", "service_tier", "usage")


class ChatFold:
    """Puts the chunks of a streamed chat completion together."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self._texts: dict[int, list[Any]] = {}

    def add(self, chunk: Any) -> None:
        """Takes a `ChatCompletionChunk`."""
        # Most chunks are a piece of a text that has begun, and hold nothing else.
        try:
            (choice,) = chunk.choices
            delta = choice.delta
            if delta.content and choice.finish_reason is None and not delta.tool_calls:
                self._texts[choice.index].append(delta.content)
                return
        except (AttributeError, TypeError, ValueError, KeyError):
            pass
        self._add_any(chunk)

    def _add_any(self, chunk: Any) -> None:
        choices = items(field(chunk, "choices"))
        last = not choices
        for choice in choices:
            get = fields(choice)
            index = _index(get("index"))
            known = self._choices.get(index)
            if known is None:
                known = self._choices[index] = _Choice()
            last |= known.add(get("delta"), get("finish_reason"))
            if "id" in self._facts and "content" in known.said:
                self._texts[index] = known.said["content"]
        # Id and model come with the first chunk, usage and tier with the last or after it, and are not looked for
        # between. Azure opens with a chunk whose id and model are empty.
        if last or "id" not in self._facts:
            self._facts.update({name: value for name in _FACTS if (value := field(chunk, name))})

    def response(self) -> dict[str, Any]:
        """What came so far, as the JSON of a `ChatCompletion`."""
        return {**self._facts, "choices": [self._choices[index].response() for index in sorted(self._choices)]}


class _Choice:
    """What one choice has said so far."""

    def __init__(self) -> None:
        self.role: Any = None
        self.finish_reason: Any = None
        self.said: dict[str, list[Any]] = {}
        self.spoken: dict[str, list[Any]] = {}
        self.recording: Recording | None = None
        self.function_call: _Called | None = None
        self.tool_calls: list[_Called] = []
        self.latest: dict[int, _Called] = {}

    def add(self, delta: Any, reason: Any) -> bool:
        """Takes what a chunk says; True where it says that it is the last."""
        get = fields(delta)
        content = get("content")
        if content:
            self.said.setdefault("content", []).append(content)
        if not content or get("tool_calls"):
            # A chunk of text, which most are, has nothing else.
            self._add_rarer(delta)
        self.finish_reason = reason or self.finish_reason
        return bool(reason)

    def _add_rarer(self, delta: Any) -> None:
        self.role = field(delta, "role") or self.role
        _gather(self.said, delta, ("refusal", "reasoning_content", "reasoning"))
        audio = field(delta, "audio")
        if audio is not None:
            self.recording = self.recording or Recording()
            self.recording.add(string(field(audio, "data")) or "")
            _gather(self.spoken, audio, ("transcript",))
        for call in items(field(delta, "tool_calls")):
            self._tool_call(_index(field(call, "index")), field(call, "id")).add(field(call, "function"))
        function_call = field(delta, "function_call")
        if function_call is not None:
            self.function_call = self.function_call or _Called(None)
            self.function_call.add(function_call)

    def _tool_call(self, index: int, identifier: Any) -> _Called:
        call = self.latest.get(index)
        # Gemini's endpoint gives parallel calls the same index, or none.
        if call is None or (identifier and call.identifier and identifier != call.identifier):
            call = self.latest[index] = _Called(identifier)
            self.tool_calls.append(call)
        call.identifier = call.identifier or identifier
        return call

    def response(self) -> dict[str, Any]:
        return {
            "finish_reason": self.finish_reason,
            "message": {
                "role": self.role,
                "tool_calls": [
                    {"id": call.identifier, "type": "function", "function": call.function()} for call in self.tool_calls
                ],
                "function_call": self.function_call and self.function_call.function(),
                "audio": self.recording
                and {
                    "recording": self.recording.part(None),
                    **{name: _joined(pieces) for name, pieces in self.spoken.items()},
                },
                **{name: _joined(pieces) for name, pieces in self.said.items()},
            },
        }


class _Called:
    """A function that the model calls."""

    def __init__(self, identifier: Any) -> None:
        self.identifier = identifier
        self._pieces: dict[str, list[Any]] = {}

    def add(self, function: Any) -> None:
        _gather(self._pieces, function, ("name", "arguments"))

    def function(self) -> dict[str, Any]:
        return {name: _joined(pieces) for name, pieces in self._pieces.items()}


def _index(index: Any) -> int:
    return index if type(index) is int else 0


def _gather(pieces: dict[str, list[Any]], delta: Any, names: tuple[str, ...]) -> None:
    for name in names:
        piece = field(delta, name)
        if piece:
            pieces.setdefault(name, []).append(piece)


def _joined(pieces: list[Any]) -> Any:
    """The whole text; what is no text, such as Mistral's lists of parts, as it came."""
    try:
        return "".join(pieces)
    except TypeError:
        pass
    if len(pieces) == 1:
        return pieces[0]
    flat = [item for piece in pieces for item in (piece if isinstance(piece, list) else [piece])]
    runs = [(kind, list(run)) for kind, run in groupby(flat, type)]
    return [item for kind, run in runs for item in (["".join(run)] if kind is str else run)]
