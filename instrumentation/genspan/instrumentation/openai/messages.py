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


def output_messages(choices: Any) -> list[OutputMessage] | None:
    """The messages of an answer's choices, of those that have one."""
    return [message for message in map(_output_message, items(choices)) if message is not None] or None


def _output_message(choice: Any) -> OutputMessage | None:
    of_choice = fields(choice)
    message = given(of_choice("message"))
    if not message:
        return None
    get = fields(message)
    finish_reason = string(of_choice("finish_reason")) or FinishReason.ERROR
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
            return {"role": role, "parts": [{"type": "text", "content": content}]}
    get = fields(message)
    role = string(get("role")) or "user"
    return message_of(get, role, [_tool_message(get)] if role in ("tool", "function") else _parts(get))


def _tool_message(get: Callable[[str], Any]) -> MessagePart:
    return tool_message_part(get, content_parts(get("content"), _content_part))


def _parts(get: Callable[[str], Any]) -> list[MessagePart]:
    parts: list[MessagePart] = []
    # Where services that speak OpenAI's protocol put what the model thought: DeepSeek and vLLM; Groq and OpenRouter.
    for name in ("reasoning_content", "reasoning"):
        thought = get(name)
        if thought is not None and (thought := string(thought)) is not None:
            parts.append({"type": "reasoning", "content": thought})
            break
    content, refusal, audio = get("content"), get("refusal"), get("audio")
    tool_calls, function_call = get("tool_calls"), get("function_call")
    if type(content) is str and content:
        parts.append({"type": "text", "content": content})
    elif content is not None:
        parts += content_parts(content, _content_part)
    if refusal is not None and (refusal := string(refusal)) is not None:
        parts.append(text(refusal))
    if audio is not None and (audio := given(audio)) is not None:
        parts += _audio_parts(audio)
    if tool_calls is not None:
        parts += [_tool_call(call) for call in items(tool_calls)]
    if function_call is not None and (function_call := given(function_call)) is not None:
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
