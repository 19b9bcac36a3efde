"""Completions of a text, the API from before chat: `completions.create`."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Call, Content, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, field, integer, items, string, strings
from genspan.semconv import attributes as names
from genspan.semconv.messages import text
from genspan.semconv.values import FinishReason, OperationName

from .endpoint import model_and_endpoint
from .envelope import body, envelope
from .parameters import PARAMETERS
from .usage import USAGE

_RESPONSE: Final[Table] = {
    "id": (names.GEN_AI_RESPONSE_ID, string),
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
    "system_fingerprint": (names.OPENAI_RESPONSE_SYSTEM_FINGERPRINT, string),
    "usage": USAGE,
}


def _request(call: Call) -> Found:
    choices = integer(call.get("n"))
    return {
        **attributes_of(call.arguments, PARAMETERS),
        names.GEN_AI_REQUEST_STREAM: True if call.get("stream") is True else None,
        names.GEN_AI_REQUEST_CHOICE_COUNT: None if choices == 1 else choices,
    }


def _request_content(call: Call) -> Content:
    prompts = strings(call.get("prompt"))
    if prompts is None:  # token ids, which are not for people
        return {}
    return {names.GEN_AI_INPUT_MESSAGES: [{"role": "user", "parts": [text(prompt)]} for prompt in prompts]}


def _response(response: Any) -> Found:
    reasons = [_finish_reason(choice) for choice in items(field(response, "choices"))]
    return {
        **attributes_of(response, _RESPONSE),
        names.GEN_AI_RESPONSE_FINISH_REASONS: reasons or None,
    }


def _response_content(response: Any) -> Content:
    messages = [
        {
            "role": "assistant",
            "parts": [text(string(field(choice, "text")) or "")],
            "finish_reason": _finish_reason(choice),
        }
        for choice in items(field(response, "choices"))
    ]
    return {names.GEN_AI_OUTPUT_MESSAGES: messages or None}


def _finish_reason(choice: Any) -> str:
    return string(field(choice, "finish_reason")) or FinishReason.ERROR


class CompletionFold:
    """Puts the chunks of a streamed completion together."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, Any] = {}

    def add(self, chunk: Any) -> None:
        """Takes a chunk, which has the shape of a `Completion`."""
        for name in ("id", "model", "system_fingerprint", "usage"):
            value = field(chunk, name)
            if value:
                self._facts[name] = value
        for choice in items(field(chunk, "choices")):
            index = integer(field(choice, "index")) or 0
            self._texts.setdefault(index, []).append(string(field(choice, "text")) or "")
            self._reasons[index] = field(choice, "finish_reason") or self._reasons.get(index)

    def response(self) -> dict[str, Any]:
        """What came so far, as the JSON of a `Completion`."""
        choices = [
            {"text": "".join(self._texts[index]), "finish_reason": self._reasons[index]}
            for index in sorted(self._texts)
        ]
        return {**self._facts, "choices": choices}


COMPLETION: Final = Method(
    operation=OperationName.TEXT_COMPLETION,
    identity=model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    fold=CompletionFold,
    envelope=envelope,
    overrides="extra_body",
    body=body,
)

TARGETS: Final = (
    Target("openai.resources.completions", "Completions.create", COMPLETION),
    Target("openai.resources.completions", "AsyncCompletions.create", COMPLETION),
)
