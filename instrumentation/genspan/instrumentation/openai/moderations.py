"""Moderations: `moderations.create`."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Call, Content, Found, Method, Target
from genspan.instrumentation.core.operations import MODERATION
from genspan.instrumentation.core.reading import Table, attributes_of, field, items, plain, string
from genspan.semconv import attributes as names
from genspan.semconv.messages import MessagePart, text

from . import media
from .endpoint import model_and_endpoint
from .envelope import body, envelope

_RESPONSE: Final[Table] = {
    "id": (names.GEN_AI_RESPONSE_ID, string),
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
}


def _request_content(call: Call) -> Content:
    given = call.get("input")
    parts = [text(given)] if isinstance(given, str) else [_part(part) for part in items(given)]
    return {names.GEN_AI_INPUT_MESSAGES: [{"role": "user", "parts": parts}] if parts else None}


def _part(part: Any) -> MessagePart:
    if isinstance(part, str):
        return text(part)
    if field(part, "type") == "image_url":
        return media.image(part)
    return text(string(field(part, "text")) or "")


def _response(response: Any) -> Found:
    return attributes_of(response, _RESPONSE)


def _response_content(response: Any) -> Content:
    """Per input, the categories that it was flagged for."""
    messages = [
        {"role": "assistant", "parts": [text(", ".join(_flagged(result)) or "not flagged")]}
        for result in items(field(response, "results"))
    ]
    return {names.GEN_AI_OUTPUT_MESSAGES: messages or None}


def _flagged(result: Any) -> list[str]:
    categories = plain(field(result, "categories"))
    return [name for name, flagged in categories.items() if flagged is True] if isinstance(categories, dict) else []


MODERATE: Final = Method(
    operation=MODERATION,
    identity=model_and_endpoint,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    envelope=envelope,
    overrides="extra_body",
    body=body,
)

TARGETS: Final = (
    Target("openai.resources.moderations", "Moderations.create", MODERATE),
    Target("openai.resources.moderations", "AsyncModerations.create", MODERATE),
)
