"""Models: chat models and text completion models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Found, Method
from genspan.instrumentation.core.reading import (
    Table,
    attributes_of,
    count,
    double,
    field,
    fields,
    integer,
    items,
    string,
    strings,
)
from genspan.semconv import attributes as names
from genspan.semconv.messages import OutputMessage, ToolDefinition, text
from genspan.semconv.values import FinishReason, OperationName, OutputType, ProviderName

from .messages import fields_of, message

PROVIDERS: Final = {
    "amazon_bedrock": ProviderName.AWS_BEDROCK,
    "anthropic": ProviderName.ANTHROPIC,
    "azure": ProviderName.AZURE_AI_OPENAI,
    "azureopenai": ProviderName.AZURE_AI_OPENAI,
    "azure_ai": ProviderName.AZURE_AI_INFERENCE,
    "bedrock": ProviderName.AWS_BEDROCK,
    "bedrock_converse": ProviderName.AWS_BEDROCK,
    "cohere": ProviderName.COHERE,
    "deepseek": ProviderName.DEEPSEEK,
    "google_anthropic_vertex": ProviderName.GCP_VERTEX_AI,
    "google_genai": ProviderName.GCP_GEMINI,
    "google_vertexai": ProviderName.GCP_VERTEX_AI,
    "groq": ProviderName.GROQ,
    "ibm": ProviderName.IBM_WATSONX_AI,
    "mistral": ProviderName.MISTRAL_AI,
    "mistralai": ProviderName.MISTRAL_AI,
    "moonshot": ProviderName.MOONSHOT_AI,
    "openai": ProviderName.OPENAI,
    "perplexity": ProviderName.PERPLEXITY,
    "vertexai": ProviderName.GCP_VERTEX_AI,
    "watsonx": ProviderName.IBM_WATSONX_AI,
    "xai": ProviderName.X_AI,
}
"""`ls_provider`, LangChain's word, to `gen_ai.provider.name`. Any other word stands as it is."""


def _if_so(value: Any) -> bool | None:
    return True if value is True else None


def _several(value: Any) -> int | None:
    choices = integer(value)
    return None if choices == 1 else choices


_REQUEST: Final[Table] = {
    "max_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "max_completion_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "max_output_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, double),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, double),
    "top_k": (names.GEN_AI_REQUEST_TOP_K, integer),
    "frequency_penalty": (names.GEN_AI_REQUEST_FREQUENCY_PENALTY, double),
    "presence_penalty": (names.GEN_AI_REQUEST_PRESENCE_PENALTY, double),
    "seed": (names.GEN_AI_REQUEST_SEED, integer),
    "stop": (names.GEN_AI_REQUEST_STOP_SEQUENCES, strings),
    "stop_sequences": (names.GEN_AI_REQUEST_STOP_SEQUENCES, strings),
    "reasoning_effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, string),
    "reasoning": {"effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, string)},
    "stream": (names.GEN_AI_REQUEST_STREAM, _if_so),
    "n": (names.GEN_AI_REQUEST_CHOICE_COUNT, _several),
}
MODEL_NAMES: Final = ("model", "model_name", "model_id", "deployment_name")
_OUTPUT_TYPES: Final = {
    "text": OutputType.TEXT,
    "json_object": OutputType.JSON,
    "json_schema": OutputType.JSON,
}
_USAGE: Final[Table] = {
    "input_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, integer),
    "output_tokens": (names.GEN_AI_USAGE_OUTPUT_TOKENS, integer),
    "input_token_details": {
        "cache_read": (names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, integer),
        "cache_creation": (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, integer),
        "text": (names.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
        "image": (names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
        "audio": (names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
    },
    "output_token_details": {
        "reasoning": (names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, integer),
        "text": (names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
        "image": (names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
        "audio": (names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
    },
}
_LEGACY_USAGE: Final[Table] = {
    "prompt_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, integer),
    "completion_tokens": (names.GEN_AI_USAGE_OUTPUT_TOKENS, integer),
}
_OPENAI_RESPONSE: Final = (
    (names.OPENAI_RESPONSE_SERVICE_TIER, "service_tier"),
    (names.OPENAI_RESPONSE_SYSTEM_FINGERPRINT, "system_fingerprint"),
)
_REASON_NAMES: Final = ("finish_reason", "stop_reason", "stopReason", "done_reason")
_FINISH_REASONS: Final = {
    "tool_calls": FinishReason.TOOL_CALL,
    "function_call": FinishReason.TOOL_CALL,
    "tool_use": FinishReason.TOOL_CALL,
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "max_output_tokens": FinishReason.LENGTH,
}
"""Reasons of providers that the conventions have a word for, in lower case."""
_OWN_IDS: Final = ("lc_", "run-")
"""How the ids begin that LangChain gives to messages which the provider gave none."""


def _identity(call: Call) -> Attributes:
    metadata, params = _mapping(call.arguments.get("metadata")), _mapping(call.arguments.get("invocation_params"))
    provider = string(metadata.get("ls_provider")) or string(params.get("_type")) or "unknown"
    attributes: Attributes = {names.GEN_AI_PROVIDER_NAME: PROVIDERS.get(provider, provider)}
    model = string(metadata.get("ls_model_name")) or _first(params.get, MODEL_NAMES)
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    return attributes


def _first(get: Callable[[str], Any], keys: Sequence[str]) -> str | None:
    """The text in the first of these fields that holds one."""
    for key in keys:
        found = string(get(key))
        if found is not None:
            return found
    return None


def _request(call: Call) -> Found:
    params = _mapping(call.arguments.get("invocation_params"))
    return {**attributes_of(params, _REQUEST), names.GEN_AI_OUTPUT_TYPE: _output_type(params)}


def _output_type(params: Mapping[str, Any]) -> str | None:
    # `text` is where OpenAI's Responses API has it.
    response_format = params.get("response_format") or field(params.get("text"), "format")
    if response_format is None:
        return None
    if isinstance(response_format, type):
        return OutputType.JSON
    kind = string(field(response_format, "type"))
    return None if kind is None else _OUTPUT_TYPES.get(kind)


def _chat_content(call: Call) -> Content:
    given = call.arguments.get
    return {
        names.GEN_AI_INPUT_MESSAGES: [message(one) for history in items(given("messages")) for one in items(history)]
        or None,
        names.GEN_AI_TOOL_DEFINITIONS: _tool_definitions(_mapping(given("invocation_params")).get("tools")),
    }


def _prompt_content(call: Call) -> Content:
    prompts = strings(call.get("prompts")) or []
    return {names.GEN_AI_INPUT_MESSAGES: [{"role": "user", "parts": [text(prompt)]} for prompt in prompts] or None}


def _tool_definitions(tools: Any) -> list[ToolDefinition] | None:
    return [_tool_definition(tool) for tool in items(tools)] or None


def _tool_definition(tool: Any) -> ToolDefinition:
    """A tool in the provider's form: OpenAI's with the function under its type, Anthropic's and Google's without."""
    get = fields(tool)
    kind = string(get("type")) or "function"
    inside = get(kind)
    if inside:
        get = fields(inside)
    definition: ToolDefinition = {"type": kind, "name": string(get("name")) or kind}
    description = string(get("description"))
    parameters = get("parameters") or get("input_schema")
    if description is not None:
        definition["description"] = description
    if isinstance(parameters, dict):
        definition["parameters"] = parameters
    return definition


def _generations(result: Any) -> Sequence[Any]:
    """The choices. An `LLMResult` has a list of them for each prompt, and a run has one prompt."""
    prompts = items(getattr(result, "generations", None))
    return items(prompts[0]) if prompts else ()


def _response(result: Any) -> Found:
    generations = _generations(result)
    if not generations:
        return {}
    answer = fields_of(getattr(generations[0], "message", None))
    output = _mapping(getattr(result, "llm_output", None))
    # Where there is one choice alone, LangChain puts the one into the other itself.
    metadata = {**output, **_mapping(answer("response_metadata"))}
    own_id = string(answer("id"))
    reasons = list(map(_finish_reason, generations))
    usage = answer("usage_metadata")
    found: dict[str, Any] = {
        names.GEN_AI_RESPONSE_ID: string(metadata.get("id"))
        or (None if own_id is None or own_id.startswith(_OWN_IDS) else own_id),
        names.GEN_AI_RESPONSE_MODEL: _first(metadata.get, MODEL_NAMES),
        names.GEN_AI_RESPONSE_FINISH_REASONS: [reason or FinishReason.ERROR for reason in reasons]
        if any(reasons)
        else None,
        **(attributes_of(output.get("token_usage"), _LEGACY_USAGE) if usage is None else attributes_of(usage, _USAGE)),
    }
    if metadata.get("model_provider") in ("openai", "azure"):
        for attribute, key in _OPENAI_RESPONSE:
            found[attribute] = string(metadata.get(key))
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, (dict, Mapping)) else {}


def _finish_reason(generation: Any) -> str | None:
    """In the provider's word."""
    reason = _first(_mapping(getattr(generation, "generation_info", None)).get, _REASON_NAMES)
    if reason is not None:
        return reason
    answer = fields_of(getattr(generation, "message", None))
    metadata = _mapping(answer("response_metadata"))
    reason = _first(metadata.get, _REASON_NAMES)
    if reason is not None:
        return reason
    # OpenAI's Responses API has a status.
    if metadata.get("status") == "completed":
        return FinishReason.TOOL_CALL if answer("tool_calls") else FinishReason.STOP
    return string(field(metadata.get("incomplete_details"), "reason"))


def _response_content(result: Any) -> Content:
    return {names.GEN_AI_OUTPUT_MESSAGES: [_output_message(one) for one in _generations(result)] or None}


def _output_message(generation: Any) -> OutputMessage:
    answer = getattr(generation, "message", None)
    said = None if answer is None else message(answer)
    result: OutputMessage = (
        {"role": "assistant", "parts": [text(string(getattr(generation, "text", None)) or "")]}
        if said is None
        else {"role": said["role"], "parts": said["parts"]}
    )
    reason = _finish_reason(generation)
    if reason is not None:
        result["finish_reason"] = _FINISH_REASONS.get(reason.lower(), reason)
    return result


CHAT: Final = Method(
    operation=OperationName.CHAT,
    identity=_identity,
    request=_request,
    request_content=_chat_content,
    response=_response,
    response_content=_response_content,
)
TEXT_COMPLETION: Final = dataclasses.replace(
    CHAT, operation=OperationName.TEXT_COMPLETION, request_content=_prompt_content
)
