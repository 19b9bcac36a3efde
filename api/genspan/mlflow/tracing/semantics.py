"""MLflow's span types in the words of OpenTelemetry's GenAI conventions, so that other backends understand them too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from genspan.exporters.mlflow.keys import SpanAttributeKey, SpanType
from genspan.instrumentation.core.messages import retrieval_document
from genspan.instrumentation.core.reading import double, field, integer, items, string
from genspan.instrumentation.openai.messages import input_messages, output_messages, tool_definitions
from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode
from genspan.semconv.messages import Message, text
from genspan.semconv.values import OperationName

Attributes = Mapping[str, "str | int | float | bool"]

OPERATIONS: Final[Mapping[str, str]] = {
    SpanType.LLM: OperationName.CHAT,
    SpanType.CHAT_MODEL: OperationName.CHAT,
    SpanType.AGENT: OperationName.INVOKE_AGENT,
    SpanType.CHAIN: OperationName.INVOKE_WORKFLOW,
    "WORKFLOW": OperationName.INVOKE_WORKFLOW,
    SpanType.TOOL: OperationName.EXECUTE_TOOL,
    SpanType.RETRIEVER: OperationName.RETRIEVAL,
    SpanType.EMBEDDING: OperationName.EMBEDDINGS,
    SpanType.MEMORY: OperationName.SEARCH_MEMORY,
}
"""`gen_ai.operation.name` by MLflow's span type. PARSER, RERANKER, TASK, GUARDRAIL, EVALUATOR and types of the user's
own have no operation in the conventions: such a span is an ordinary one."""

_NAMES: Final[Mapping[str, str]] = {
    OperationName.EXECUTE_TOOL: names.GEN_AI_TOOL_NAME,
    OperationName.INVOKE_AGENT: names.GEN_AI_AGENT_NAME,
    OperationName.INVOKE_WORKFLOW: names.GEN_AI_WORKFLOW_NAME,
}
"""The attribute that holds the name of what is run, which MLflow has as the span's name."""

_USAGE: Final[Mapping[str, tuple[str, ...]]] = {
    names.GEN_AI_USAGE_INPUT_TOKENS: ("input_tokens", "prompt_tokens"),
    names.GEN_AI_USAGE_OUTPUT_TOKENS: ("output_tokens", "completion_tokens"),
    names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: ("cache_read_input_tokens",),
    names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: ("cache_creation_input_tokens",),
}
"""Token counts, by the names that MLflow and OpenAI have for them."""


def identity(span_type: str | None, name: str) -> Attributes:
    """What is known when the span starts: which operation it is, and of what."""
    operation = OPERATIONS.get(span_type or "")
    if operation is None:
        return {}
    found: dict[str, str | int | float | bool] = {names.GEN_AI_OPERATION_NAME: operation}
    if operation in _NAMES:
        found[_NAMES[operation]] = name
    return found


def content(span_type: str | None, inputs: Any, outputs: Any, stated: Mapping[str, Any]) -> Attributes:
    """What inputs and outputs are in the conventions' terms, as far as they have a form that is understood.

    `stated` are the attributes that the user has set, of which MLflow's model, provider and token usage are read.
    Values are plain or JSON text. Pure; may raise for values of a stranger's type, which the caller guards.
    """
    operation = OPERATIONS.get(span_type or "")
    if operation is None:
        return {}
    found = {names.GEN_AI_PROVIDER_NAME: string(stated.get(SpanAttributeKey.MODEL_PROVIDER))}
    if operation in (OperationName.CHAT, OperationName.EMBEDDINGS):
        found |= _model(inputs, outputs, stated)
    found |= _CONTENT.get(operation, _nothing)(inputs, outputs)
    return {
        key: value if isinstance(value, (str, int, float)) else encode(value)
        for key, value in found.items()
        if value is not None
    }


def _nothing(inputs: Any, outputs: Any) -> dict[str, Any]:
    return {}


def _model(inputs: Any, outputs: Any, stated: Mapping[str, Any]) -> dict[str, Any]:
    usage = stated.get(SpanAttributeKey.CHAT_USAGE) or field(outputs, "usage")
    found: dict[str, Any] = {
        names.GEN_AI_REQUEST_MODEL: string(field(inputs, "model")) or string(stated.get(SpanAttributeKey.MODEL)),
        names.GEN_AI_RESPONSE_MODEL: string(field(outputs, "model")),
        names.GEN_AI_RESPONSE_ID: string(field(outputs, "id")),
        names.GEN_AI_REQUEST_TEMPERATURE: double(field(inputs, "temperature")),
    }
    for key, keys in _USAGE.items():
        found[key] = next((count for name in keys if (count := integer(field(usage, name))) is not None), None)
    return found


def _chat(inputs: Any, outputs: Any) -> dict[str, Any]:
    return {
        names.GEN_AI_INPUT_MESSAGES: _asked(inputs),
        names.GEN_AI_OUTPUT_MESSAGES: _answered(outputs),
        names.GEN_AI_TOOL_DEFINITIONS: tool_definitions(field(inputs, "tools")),
    }


def _conversation(inputs: Any, outputs: Any) -> dict[str, Any]:
    return {names.GEN_AI_INPUT_MESSAGES: _asked(inputs), names.GEN_AI_OUTPUT_MESSAGES: _answered(outputs)}


def _tool(inputs: Any, outputs: Any) -> dict[str, Any]:
    return {
        names.GEN_AI_TOOL_CALL_ARGUMENTS: inputs if isinstance(inputs, dict) else None,
        # The conventions ask for an object; the exporter unwraps one that holds `result` alone.
        names.GEN_AI_TOOL_CALL_RESULT: _result(outputs),
    }


def _result(outputs: Any) -> Any:
    return outputs if outputs is None or isinstance(outputs, dict) else {"result": outputs}


def _retrieval(inputs: Any, outputs: Any) -> dict[str, Any]:
    found = outputs if isinstance(outputs, list) else []
    documents = [retrieval_document(one) for one in found if isinstance(field(one, "page_content"), str)]
    return {
        names.GEN_AI_RETRIEVAL_QUERY_TEXT: _only_text(inputs),
        names.GEN_AI_RETRIEVAL_DOCUMENTS: documents or None,
    }


def _memory(inputs: Any, outputs: Any) -> dict[str, Any]:
    return {names.GEN_AI_MEMORY_QUERY_TEXT: _only_text(inputs)}


_CONTENT: Final[Mapping[str, Callable[[Any, Any], dict[str, Any]]]] = {
    OperationName.CHAT: _chat,
    OperationName.INVOKE_AGENT: _conversation,
    OperationName.INVOKE_WORKFLOW: _conversation,
    OperationName.EXECUTE_TOOL: _tool,
    OperationName.RETRIEVAL: _retrieval,
    OperationName.SEARCH_MEMORY: _memory,
}


def _only_text(inputs: Any) -> str | None:
    """The text, where the inputs are one, or one argument that is one."""
    if isinstance(inputs, dict):
        texts = [value for value in inputs.values() if isinstance(value, str)]
        return texts[0] if len(texts) == 1 else None
    return string(inputs)


def _asked(inputs: Any) -> list[Message] | None:
    messages = field(inputs, "messages") if isinstance(inputs, dict) else inputs
    if isinstance(messages, list) and messages and all(_is_message(one) for one in messages):
        return input_messages(messages)
    question = _only_text(inputs)
    return None if question is None else [{"role": "user", "parts": [text(question)]}]


def _answered(outputs: Any) -> Any:
    if isinstance(outputs, str):
        return [{"role": "assistant", "parts": [text(outputs)], "finish_reason": "stop"}]
    choices = items(field(outputs, "choices"))
    if choices and all(_is_message(field(choice, "message")) for choice in choices):
        return output_messages(choices)
    if _is_message(outputs):
        return output_messages([{"message": outputs, "finish_reason": "stop"}])
    return None


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str)
