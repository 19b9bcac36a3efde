"""Chat messages and tool definitions, from OpenAI's form to the conventions'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from genspan.instrumentation.core.messages import content_parts, tool_arguments, tool_message_part
from genspan.instrumentation.core.messages import message as message_of
from genspan.instrumentation.core.reading import field, fields, given, items, string
from genspan.semconv.messages import (
    Message,
    MessagePart,
    OutputMessage,
    ToolCallPart,
    ToolDefinition,
    text,
)
from genspan.semconv.values import FinishReason

from . import media

_SPEAKERS: Final = ("user", "assistant", "system", "developer")
_PLAIN_TEXT: Final = {"role", "content"}
"""What nearly all messages of a long history have, and nothing else."""
_FINISH_REASONS: Final = {"tool_calls": FinishReason.TOOL_CALL, "function_call": FinishReason.TOOL_CALL}


def input_messages(messages: Any) -> list[Message] | None:
    """The history, in the order sent."""
    return [_message(message) for message in items(messages)] or None


def output_message(choice: Any) -> OutputMessage:
    """The message of one choice."""
    get = fields(field(choice, "message"))
    finish_reason = string(field(choice, "finish_reason")) or FinishReason.ERROR
    return {
        "role": string(get("role")) or "assistant",
        "parts": _parts(get),
        "finish_reason": _FINISH_REASONS.get(finish_reason, finish_reason),
    }


def tool_definitions(tools: Any, functions: Any = None) -> list[ToolDefinition] | None:
    """The tools on offer; `functions` is how they were given before tools came."""
    definitions = [_tool_definition(tool) for tool in items(tools)]
    definitions += [_function_definition("function", function) for function in items(functions)]
    return definitions or None


def _tool_definition(tool: Any) -> ToolDefinition:
    kind = string(field(tool, "type")) or "function"
    # `function` and `custom` tools hold their definition under their type; those of the provider are all type.
    return _function_definition(kind, field(tool, kind) or tool)


def _function_definition(kind: str, function: Any) -> ToolDefinition:
    definition: ToolDefinition = {"type": kind, "name": string(field(function, "name")) or kind}
    description, parameters = string(field(function, "description")), field(function, "parameters")
    if description is not None:
        definition["description"] = description
    if isinstance(parameters, (dict, bool)):
        definition["parameters"] = parameters
    return definition


def _message(message: Any) -> Message:
    if type(message) is dict and message.keys() == _PLAIN_TEXT:
        role, content = message["role"], message["content"]
        if role in _SPEAKERS and type(content) is str and content:
            return {"role": role, "parts": [text(content)]}
    get = fields(message)
    role = string(get("role")) or "user"
    parts = [_tool_message(message)] if role in ("tool", "function") else _parts(get)
    return message_of(message, role, parts)


def _tool_message(message: Any) -> MessagePart:
    return tool_message_part(message, content_parts(field(message, "content"), _content_part))


def _parts(get: Callable[[str], Any]) -> list[MessagePart]:
    parts: list[MessagePart] = []
    # Where services that speak OpenAI's protocol put what the model thought: DeepSeek and vLLM; Groq and OpenRouter.
    thought = string(get("reasoning_content")) or string(get("reasoning"))
    if thought is not None:
        parts.append({"type": "reasoning", "content": thought})
    parts += content_parts(get("content"), _content_part)
    refusal = string(get("refusal"))
    if refusal is not None:
        parts.append(text(refusal))
    audio = given(get("audio"))
    if audio is not None:
        parts += _audio_parts(audio)
    tool_calls = get("tool_calls")
    if tool_calls is not None:
        parts += [_tool_call(call) for call in items(tool_calls)]
    function_call = given(get("function_call"))
    if function_call is not None:
        parts.append(_function_call(None, function_call))
    return parts


def _tool_call(call: Any) -> ToolCallPart:
    identifier = string(field(call, "id"))
    custom = field(call, "custom")
    if custom is not None:
        return {
            "type": "tool_call",
            "id": identifier,
            "name": string(field(custom, "name")) or "",
            "arguments": field(custom, "input"),
        }
    return _function_call(identifier, field(call, "function"))


def _function_call(identifier: str | None, function: Any) -> ToolCallPart:
    return {
        "type": "tool_call",
        "id": identifier,
        "name": string(field(function, "name")) or "",
        "arguments": tool_arguments(field(function, "arguments")),
    }


def _content_part(part: Any) -> MessagePart:
    kind = string(field(part, "type")) or "unknown"
    if kind in ("text", "refusal"):
        return text(string(field(part, kind)) or "")
    if kind == "image_url":
        return media.image(part)
    if kind == "input_audio":
        return media.audio(field(part, "input_audio"))
    if kind == "file":
        return media.file(field(part, "file"))
    return {"type": kind}


def _audio_parts(audio: Any) -> list[MessagePart]:
    if field(audio, "data") or field(audio, "recording"):
        return [media.spoken(audio)]
    identifier = string(field(audio, "id"))
    return [] if identifier is None else [{"type": "file", "modality": "audio", "file_id": identifier}]
