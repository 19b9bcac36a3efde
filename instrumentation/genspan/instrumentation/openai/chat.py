"""Chat completions: `chat.completions.create` and `.parse`."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

from genspan.instrumentation.core import Call, Closing, Content, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, field, integer, items, string
from genspan.semconv import attributes as names
from genspan.semconv.values import FinishReason, OpenAIApiType, OperationName, OutputType

from .chat_stream import ChatFold
from .endpoint import model_and_endpoint
from .envelope import body, envelope
from .messages import input_messages, output_messages, tool_definitions
from .parameters import PARAMETERS
from .usage import USAGE

_REQUEST: Final[Table] = {
    **PARAMETERS,
    "max_completion_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "reasoning_effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, string),
}
_RESPONSE: Final[Table] = {
    "id": (names.GEN_AI_RESPONSE_ID, string),
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
    "service_tier": (names.OPENAI_RESPONSE_SERVICE_TIER, string),
    "system_fingerprint": (names.OPENAI_RESPONSE_SYSTEM_FINGERPRINT, string),
    "usage": USAGE,
}
_OUTPUT_TYPES: Final = {
    "text": OutputType.TEXT,
    "json_object": OutputType.JSON,
    "json_schema": OutputType.JSON,
}


def _request(call: Call) -> Found:
    get = call.arguments.get
    attributes: dict[str, Any] = attributes_of(call.arguments, _REQUEST)
    attributes[names.OPENAI_API_TYPE] = OpenAIApiType.CHAT_COMPLETIONS
    if get("stream") is True:
        attributes[names.GEN_AI_REQUEST_STREAM] = True
    modalities, response_format = get("modalities"), get("response_format")
    if modalities is not None or response_format is not None:
        attributes[names.GEN_AI_OUTPUT_TYPE] = _output_type(modalities, response_format)
    if "n" in call.arguments and (choices := integer(get("n"))) != 1:
        attributes[names.GEN_AI_REQUEST_CHOICE_COUNT] = choices
    if "service_tier" in call.arguments and (tier := string(get("service_tier"))) != "auto":
        attributes[names.OPENAI_REQUEST_SERVICE_TIER] = tier
    return attributes


def _output_type(modalities: Any, response_format: Any) -> str | None:
    if "audio" in items(modalities):
        return OutputType.SPEECH
    if isinstance(response_format, type):
        return OutputType.JSON  # a model class given to `parse`
    kind = string(field(response_format, "type"))
    return None if kind is None else _OUTPUT_TYPES.get(kind)


def _request_content(call: Call) -> Content:
    get = call.arguments.get
    content: dict[str, Any] = {names.GEN_AI_INPUT_MESSAGES: input_messages(get("messages"))}
    if "tools" in call.arguments or "functions" in call.arguments:
        content[names.GEN_AI_TOOL_DEFINITIONS] = tool_definitions(get("tools"), get("functions"))
    return content


def _response(response: Any) -> Found:
    attributes: dict[str, Any] = attributes_of(response, _RESPONSE)
    choices = items(field(response, "choices"))
    if choices:
        attributes[names.GEN_AI_RESPONSE_FINISH_REASONS] = [
            string(field(choice, "finish_reason")) or FinishReason.ERROR for choice in choices
        ]
    return attributes


def _response_content(response: Any) -> Content:
    return {names.GEN_AI_OUTPUT_MESSAGES: output_messages(field(response, "choices"))}


CHAT: Final = Method(
    operation=OperationName.CHAT,
    identity=model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    fold=ChatFold,
    envelope=envelope,
    overrides="extra_body",
    body=body,
    iterables=("messages", "tools"),
)

_MODULE: Final = "openai.resources.chat.completions"
_BETA: Final = "openai.resources.beta.chat.completions"
_STREAM: Final = "openai.lib.streaming.chat._completions"

# `.stream()` wraps the stream of `create` in an object whose `close` closes the response beneath that stream.
_CLOSE: Final = Closing(attrgetter("_raw_stream"))

TARGETS: Final = (
    Target(_MODULE, "Completions.create", CHAT),
    Target(_MODULE, "AsyncCompletions.create", CHAT),
    Target(_MODULE, "Completions.parse", CHAT),
    Target(_MODULE, "AsyncCompletions.parse", CHAT),
    # openai 1.40 to 1.91 had `parse` here alone.
    Target(_BETA, "Completions.parse", CHAT),
    Target(_BETA, "AsyncCompletions.parse", CHAT),
    Target(_STREAM, "ChatCompletionStream.close", _CLOSE),
    Target(_STREAM, "AsyncChatCompletionStream.close", _CLOSE),
)
