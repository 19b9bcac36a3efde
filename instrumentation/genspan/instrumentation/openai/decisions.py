"""Decisions: `decisions.create`, which asks a model questions about an input (openai 3.x)."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Call, Content, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, field, items, plain, string
from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode
from genspan.semconv.messages import text
from genspan.semconv.values import FinishReason, OperationName, OutputType

from .endpoint import model_and_endpoint
from .envelope import body, envelope
from .items import input_messages
from .usage import USAGE

_RESPONSE: Final[Table] = {
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
    "usage": USAGE,
}


def _request(call: Call) -> Found:
    return {names.GEN_AI_OUTPUT_TYPE: OutputType.JSON}


def _request_content(call: Call) -> Content:
    messages = input_messages(call.get("input")) or []
    questions = [text(encode(plain(question))) for question in items(call.get("questions"))]
    return {names.GEN_AI_INPUT_MESSAGES: [*messages, {"role": "user", "parts": questions}]}


def _response(response: Any) -> Found:
    return {
        **attributes_of(response, _RESPONSE),
        names.GEN_AI_RESPONSE_FINISH_REASONS: [FinishReason.STOP],
    }


def _response_content(response: Any) -> Content:
    answers = [text(encode(plain(answer))) for answer in items(field(response, "answers"))]
    message = {"role": "assistant", "parts": answers, "finish_reason": FinishReason.STOP}
    return {names.GEN_AI_OUTPUT_MESSAGES: [message] if answers else None}


DECIDE: Final = Method(
    operation=OperationName.GENERATE_CONTENT,
    identity=model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    envelope=envelope,
    overrides="extra_body",
    body=body,
    iterables=("input", "questions"),
)

TARGETS: Final = (
    Target("openai.resources.decisions", "Decisions.create", DECIDE),
    Target("openai.resources.decisions", "AsyncDecisions.create", DECIDE),
)
