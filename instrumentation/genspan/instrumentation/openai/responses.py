"""The Responses API: `responses.create`, `.parse`, `.compact`, and `.retrieve` of a stored response."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Closing, Content, Failure, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, double, field, given, integer, plain, string
from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode
from genspan.semconv.values import FinishReason, OpenAIApiType, OperationName, OutputType

from .endpoint import endpoint, model_and_endpoint
from .envelope import body, envelope
from .items import finish_reason, input_messages, is_compacted, output_messages, system_instructions
from .messages import tool_definitions
from .response_stream import ResponseFold
from .usage import USAGE

_REQUEST: Final[Table] = {
    "max_output_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, double),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, double),
    "previous_response_id": (names.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, string),
}
_RESPONSE: Final[Table] = {
    "id": (names.GEN_AI_RESPONSE_ID, string),
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
    "service_tier": (names.OPENAI_RESPONSE_SERVICE_TIER, string),
    "usage": USAGE,
}
_FETCHED: Final[Table] = {
    "id": (names.GEN_AI_RESPONSE_ID, string),
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
    "status": (names.GEN_AI_RESPONSE_STATUS, string),
}
_OUTPUT_TYPES: Final = {"text": OutputType.TEXT, "json_object": OutputType.JSON, "json_schema": OutputType.JSON}


def _request(call: Call) -> Found:
    tier = string(call.get("service_tier"))
    prompt = call.get("prompt")
    return {
        names.OPENAI_API_TYPE: OpenAIApiType.RESPONSES,
        **attributes_of(call.arguments, _REQUEST),
        names.GEN_AI_REQUEST_REASONING_LEVEL: string(field(call.get("reasoning"), "effort")),
        names.GEN_AI_REQUEST_STREAM: True if call.get("stream") is True else None,
        names.GEN_AI_OUTPUT_TYPE: _output_type(call),
        names.OPENAI_REQUEST_SERVICE_TIER: None if tier == "auto" else tier,
        names.GEN_AI_CONVERSATION_ID: _conversation(call.get("conversation")),
        names.GEN_AI_PROMPT_NAME: string(field(prompt, "id")),
        names.GEN_AI_PROMPT_VERSION: string(field(prompt, "version")),
        names.GEN_AI_CONVERSATION_COMPACTED: is_compacted(call.get("input")),
    }


def _output_type(call: Call) -> str | None:
    if isinstance(call.get("text_format"), type):
        return OutputType.JSON  # a model class given to `parse`
    kind = string(field(field(call.get("text"), "format"), "type"))
    return None if kind is None else _OUTPUT_TYPES.get(kind)


def _conversation(conversation: Any) -> str | None:
    return string(conversation) or string(field(conversation, "id"))


def _request_content(call: Call) -> Content:
    variables = field(call.get("prompt"), "variables")
    return {
        names.GEN_AI_SYSTEM_INSTRUCTIONS: system_instructions(call.get("instructions")),
        names.GEN_AI_INPUT_MESSAGES: input_messages(call.get("input")),
        names.GEN_AI_TOOL_DEFINITIONS: tool_definitions(call.get("tools")),
        **{
            f"{names.GEN_AI_PROMPT_VARIABLE}.{name}": string(value) or encode(plain(value))
            for name, value in (variables.items() if isinstance(variables, dict) else ())
        },
    }


def _response(response: Any) -> Found:
    reason = finish_reason(response)
    return {
        **attributes_of(response, _RESPONSE),
        names.GEN_AI_CONVERSATION_ID: _conversation(field(response, "conversation")),
        names.GEN_AI_CONVERSATION_COMPACTED: is_compacted(field(response, "output")),
        names.GEN_AI_RESPONSE_FINISH_REASONS: None if reason is None else [reason],
    }


def _response_content(response: Any) -> Content:
    return {names.GEN_AI_OUTPUT_MESSAGES: output_messages(response)}


def _failure(response: Any) -> Failure | None:
    """Why the model gave no answer, which the service may say in one with HTTP status 200."""
    broken = _broken(response)
    if broken is not None or field(response, "status") != "failed":
        return broken
    return _said_of(field(response, "error"))


def _broken(response: Any) -> Failure | None:
    """The error that a stream ended with, which the SDK gives as an event; over WebSocket it has the error within."""
    event = field(response, "stream_error")
    return None if event is None else _said_of(field(event, "error") or event)


def _said_of(error: Any) -> Failure:
    code, kind = string(field(error, "code")), string(field(error, "type"))
    return Failure(code or (kind if kind != "error" else None) or "failed", string(field(error, "message")) or "")


CREATE: Final = Method(
    operation=OperationName.CHAT,
    identity=model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    failure=_failure,
    fold=ResponseFold,
    envelope=envelope,
    overrides="extra_body",
    body=body,
    iterables=("tools",),
)


def _compacted(response: Any) -> Found:
    return {
        **_response(response),
        names.GEN_AI_CONVERSATION_COMPACTED: True,
        names.GEN_AI_RESPONSE_FINISH_REASONS: [FinishReason.COMPACTION],
    }


def _compacted_content(response: Any) -> Content:
    return _response_content({"output": field(response, "output")})


COMPACT: Final = Method(
    operation=OperationName.CHAT,
    identity=model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_compacted,
    response_content=_compacted_content,
    envelope=envelope,
    overrides="extra_body",
    body=body,
    iterables=("input",),
)


def _fetch_identity(call: Call) -> Attributes:
    attributes = dict(endpoint(call.instance))
    identifier = string(call.get("response_id"))
    if identifier is not None:
        attributes[names.GEN_AI_RESPONSE_ID] = identifier
    return attributes


def _fetch_request(call: Call) -> Found:
    cursor = given(call.get("starting_after"))
    return {names.GEN_AI_REQUEST_STREAM_CURSOR: None if cursor is None else str(cursor)}


def _fetched(response: Any) -> Found:
    reason = finish_reason(response)
    return {
        **attributes_of(response, _FETCHED),
        names.GEN_AI_RESPONSE_FINISH_REASONS: None if reason is None else [reason],
    }


def _fetched_content(response: Any) -> Content:
    return {
        names.GEN_AI_SYSTEM_INSTRUCTIONS: system_instructions(field(response, "instructions")),
        names.GEN_AI_OUTPUT_MESSAGES: output_messages(response),
        names.GEN_AI_TOOL_DEFINITIONS: tool_definitions(field(response, "tools")),
    }


RETRIEVE: Final = Method(
    operation=OperationName.FETCH_RESPONSE,
    identity=_fetch_identity,
    request=_fetch_request,
    response=_fetched,
    response_content=_fetched_content,
    failure=_broken,
    fold=ResponseFold,
    envelope=envelope,
    overrides="extra_body",
    body=body,
    positional=("response_id",),
)

_MODULE: Final = "openai.resources.responses.responses"
_BETA: Final = "openai.resources.beta.responses.responses"
_STREAM: Final = "openai.lib.streaming.responses._responses"
_CLOSE: Final = Closing(attrgetter("_raw_stream"))

TARGETS: Final = (
    *(
        Target(module, f"{owner}.{name}", does)
        for module in (_MODULE, _BETA)
        for owner in ("Responses", "AsyncResponses")
        for name, does in (("create", CREATE), ("parse", CREATE), ("compact", COMPACT), ("retrieve", RETRIEVE))
    ),
    Target(_STREAM, "ResponseStream.close", _CLOSE),
    Target(_STREAM, "AsyncResponseStream.close", _CLOSE),
)
