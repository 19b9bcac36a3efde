"""The Realtime API: each response that a model gives over `realtime.connect`, asked for or begun by the server.

The server begins one by itself when it hears that the user has spoken. What a response answers to is what was added to
the conversation since the one before; earlier turns, which the model knows too, stand on their own spans.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from itertools import count
from typing import Any, Final

from genspan.instrumentation.core import Call, Content, Failure, Found, Method, Step
from genspan.instrumentation.core.reading import Table, attributes_of, double, field, integer, items, plain, string
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName, OutputType

from . import connections
from .connections import Opened
from .items import finish_reason, input_messages, output_messages, system_instructions
from .messages import tool_definitions
from .realtime_stream import RealtimeFold
from .usage import USAGE

_REQUEST: Final[Table] = {
    "max_output_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "max_response_output_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, double),
}
_RESPONSE: Final[Table] = {
    "id": (names.GEN_AI_RESPONSE_ID, string),
    "conversation_id": (names.GEN_AI_CONVERSATION_ID, string),
    "usage": USAGE,
}
_SETTINGS: Final = (
    "model",
    "instructions",
    "tools",
    "max_output_tokens",
    "max_response_output_tokens",
    "temperature",
    "output_modalities",
    "modalities",
    "reasoning",
    "prompt",
)
"""What of a session's settings, or a response's own, is recorded."""
_TOLD: Final = ("model", "instructions", "tools")
"""What of a session the server's word is taken for: the rest are its defaults, which the app never asked for."""


def _request(call: Call) -> Found:
    prompt = call.get("prompt")
    return {
        **attributes_of(call.arguments, _REQUEST),
        names.GEN_AI_REQUEST_STREAM: True,
        names.GEN_AI_REQUEST_REASONING_LEVEL: string(field(call.get("reasoning"), "effort")),
        names.GEN_AI_OUTPUT_TYPE: _output_type(call),
        names.GEN_AI_PROMPT_NAME: string(field(prompt, "id")),
        names.GEN_AI_PROMPT_VERSION: string(field(prompt, "version")),
    }


def _output_type(call: Call) -> str | None:
    modalities = items(call.get("output_modalities")) or items(call.get("modalities"))
    if "audio" in modalities:
        return OutputType.SPEECH
    return OutputType.TEXT if "text" in modalities else None


def _request_content(call: Call) -> Content:
    return {
        names.GEN_AI_SYSTEM_INSTRUCTIONS: system_instructions(call.get("instructions")),
        names.GEN_AI_INPUT_MESSAGES: input_messages(call.get("input")),
        names.GEN_AI_TOOL_DEFINITIONS: tool_definitions(call.get("tools")),
    }


def _response(response: Any) -> Found:
    reason = finish_reason(response)
    return {
        **attributes_of(response, _RESPONSE),
        names.GEN_AI_RESPONSE_FINISH_REASONS: None if reason is None else [reason],
    }


def _response_content(response: Any) -> Content:
    return {
        # What the user said is written down while the model answers.
        names.GEN_AI_INPUT_MESSAGES: input_messages(field(response, "input")),
        names.GEN_AI_OUTPUT_MESSAGES: output_messages(response),
    }


def _failure(response: Any) -> Failure | None:
    refused = field(response, "refused")
    if refused is None and field(response, "status") != "failed":
        return None
    error = refused or field(field(response, "status_details"), "error")
    kind = string(field(error, "code")) or string(field(error, "type"))
    return Failure(kind or "failed", string(field(error, "message")) or "")


RESPOND: Final = Method(
    operation=OperationName.CHAT,
    identity=connections.model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    failure=_failure,
    fold=RealtimeFold,
)


@dataclass(slots=True)
class _Asked:
    """A response that was asked for, and that the server has not begun."""

    key: Hashable
    event_id: str | None
    metadata: Any
    own_input: bool
    """Whether it says what it answers to, in place of the conversation."""


@dataclass(slots=True)
class _Begun:
    """A response that the server has begun."""

    key: Hashable
    heard: dict[str, Any] = attribute(default_factory=dict)
    """The items that it answers to, by id."""


_OTHERS: Final = ("input_audio_buffer", "conversation_item", "item", "session", "response_cancel", "output_audio")
"""How codes of errors begin that are of other events than `response.create`."""


class RealtimeDialogue:
    """Tells responses apart by their id. Until the server gives one, the first asked for is the first begun."""

    def __init__(self, _: Opened) -> None:
        self._keys = count()
        self._asked_of_session: dict[str, Any] = {}
        self._told_of_session: dict[str, Any] = {}
        self._waiting: deque[_Asked] = deque()
        self._begun: dict[str, _Begun] = {}
        self._added: dict[str, Any] = {}

    def sent(self, event: Any) -> Sequence[Step]:
        """Takes a `RealtimeClientEvent`."""
        kind = string(field(event, "type"))
        if kind == "session.update":
            self._asked_of_session.update(_settings(field(event, "session"), _SETTINGS))
        elif kind == "conversation.item.create":
            item = field(event, "item")
            self._added[string(field(item, "id")) or f"new {next(self._keys)}"] = item
        elif kind == "response.create":
            response = field(event, "response")
            own = field(response, "input")
            asked = _Asked(
                next(self._keys), string(field(event, "event_id")), field(response, "metadata"), own is not None
            )
            self._waiting.append(asked)
            return (Step(asked.key, begins={**self._session(), **_settings(response, _SETTINGS), "input": own}),)
        return ()

    def _session(self) -> dict[str, Any]:
        return {**self._told_of_session, **self._asked_of_session}

    def unsent(self, key: Hashable) -> None:
        """Forgets a response that was not asked for after all."""
        for asked in tuple(self._waiting):
            if asked.key == key:
                self._waiting.remove(asked)

    def received(self, event: Any) -> Sequence[Step]:
        """Takes a `RealtimeServerEvent`."""
        kind = string(field(event, "type")) or ""
        if kind in ("session.created", "session.updated"):
            self._told_of_session.update(_settings(field(event, "session"), _TOLD))
        elif kind == "input_audio_buffer.committed":
            self._spoken(string(field(event, "item_id")))
        elif kind == "conversation.item.input_audio_transcription.completed":
            self._written(string(field(event, "item_id")), string(field(event, "transcript")))
        elif kind == "response.created":
            return self._created(field(event, "response"))
        elif kind == "error":
            return self._failed(field(event, "error"))
        else:
            return self._continued(kind, event)
        return ()

    def _spoken(self, item_id: str | None) -> None:
        if item_id is not None:
            sound = {"type": "input_audio", "transcript": None}
            self._added[item_id] = {"type": "message", "role": "user", "content": [sound]}

    def _written(self, item_id: str | None, transcript: str | None) -> None:
        for heard in (self._added, *(begun.heard for begun in tuple(self._begun.values()))):
            for sound in items(field(heard.get(item_id or ""), "content")):
                if isinstance(sound, dict) and field(sound, "type") == "input_audio":
                    sound["transcript"] = transcript

    def _created(self, response: Any) -> Sequence[Step]:
        identifier, asked = string(field(response, "id")) or "", self._taken(response)
        own = asked is not None and asked.own_input
        begun = _Begun(next(self._keys) if asked is None else asked.key, {} if own else self._added)
        if not own:
            self._added = {}
        self._begun[identifier] = begun
        created = {"type": "response.created", "response": response, "heard": begun.heard}
        return (Step(begun.key, begins=self._session() if asked is None else None, chunk=created),)

    def _taken(self, response: Any) -> _Asked | None:
        """The one that was asked for and has become this response."""
        metadata = plain(field(response, "metadata")) or None
        alike = [asked for asked in tuple(self._waiting) if (plain(asked.metadata) or None) == metadata]
        asked = next(iter(alike or tuple(self._waiting)), None)
        if asked is not None:
            self._waiting.remove(asked)
        return asked

    def _failed(self, error: Any) -> Sequence[Step]:
        # Most errors are of other events, and a response under way goes on.
        event_id, code = string(field(error, "event_id")), string(field(error, "code")) or ""
        refused = next(
            (
                asked
                for asked in tuple(self._waiting)
                if asked.event_id == event_id and (event_id is not None or not code.startswith(_OTHERS))
            ),
            None,
        )
        if refused is None:
            return ()
        self._waiting.remove(refused)
        return (Step(refused.key, chunk={"type": "error", "error": error}, ends=True),)

    def _continued(self, kind: str, event: Any) -> Sequence[Step]:
        ends = kind == "response.done"
        identifier = string(field(field(event, "response"), "id") if ends else field(event, "response_id")) or ""
        begun = self._begun.pop(identifier, None) if ends else self._begun.get(identifier)
        return () if begun is None else (Step(begun.key, chunk=event, ends=ends),)


def _settings(holder: Any, known: Sequence[str]) -> Mapping[str, Any]:
    return {name: value for name in known if (value := field(holder, name)) is not None}


REALTIME: Final = connections.connection(
    RESPOND, RealtimeDialogue, ("response.create", "session.update", "conversation.item.create")
)

TARGETS: Final = (
    *connections.targets("openai.resources.realtime.realtime", "Realtime", REALTIME),
    *connections.targets("openai.resources.beta.realtime.realtime", "Realtime", REALTIME),
)
