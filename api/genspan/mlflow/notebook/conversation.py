"""What was said to a model and what it answered, read from a span's inputs and outputs in anybody's message shape.

Understood are OpenAI's chat completions and responses, Anthropic's and Gemini's messages, LangChain's, and the parts of
OpenTelemetry's GenAI conventions: MLflow records each library's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from genspan.semconv.encoding import decode, encode


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what was said."""

    kind: Literal["text", "reasoning", "image", "other"]
    value: Any
    """Text; of an image its address, `data:` or another; of anything else the piece as it was recorded."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What an assistant asked a tool to do."""

    id: str | None
    name: str
    arguments: Any


@dataclass(slots=True)
class Message:
    """What one side said in its turn."""

    role: str
    """`system`, `user`, `assistant`, `tool`, or any other word."""
    parts: list[Part] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    name: str | None = None
    """Whoever spoke; of a tool's result, the tool."""
    answers: str | None = None
    """Id of the tool call that this is the result of."""
    finish_reason: str | None = None


_ROLES: Final = {"human": "user", "ai": "assistant", "model": "assistant", "developer": "system", "function": "tool"}
_LANGCHAIN: Final = frozenset({"human", "ai", "system", "tool", "function", "chat"})
"""LangChain's message types, which stand for a role."""
_ITEMS: Final = {"function_call": "assistant", "function_call_output": "tool", "reasoning": "assistant"}
"""Items of OpenAI's responses that are no messages but what a message holds; and who says them."""
_LISTS: Final = ("messages", "input", "contents", "choices", "output", "generations", "candidates")
"""Where inputs and outputs keep their messages."""
_INSTRUCTIONS: Final = ("instructions", "system", "system_instruction")
"""Where inputs keep a system message apart from the others."""


def messages(value: Any) -> list[Message]:
    """The messages in a span's inputs or outputs; none where they are no chat."""
    if isinstance(value, dict):
        listed = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
        if listed is None:
            return _turns([value]) if _is_message(value) else []
        found = messages(listed)
        spoken = [value[key] for key in _INSTRUCTIONS if value.get(key)] if found else []
        return [Message("system", _parts(words)) for words in spoken] + found
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):  # LangChain's batches of one.
        value = value[0]
    if not isinstance(value, list):
        return []
    items = [_unwrapped(item) for item in value]
    return _turns(items) if items and all(map(_is_message, items)) else []


def is_message_key(key: str) -> bool:
    """Whether `messages` reads what inputs or outputs have under the key."""
    return key in _LISTS or key in _INSTRUCTIONS


def tool_names(found: list[Message]) -> dict[str, str]:
    """Names of the tools that were called, by the ids of the calls."""
    return {call.id: call.name for message in found for call in message.calls if call.id}


def _unwrapped(item: Any) -> Any:
    """The message in a choice (OpenAI), a generation (LangChain) or a candidate (Gemini)."""
    if isinstance(item, list) and len(item) == 1:
        item = item[0]
    if not isinstance(item, dict) or "role" in item:
        return item
    inner = item.get("message", item.get("content"))
    if not isinstance(inner, dict) or not _is_message(inner):
        return item
    reason = item.get("finish_reason")
    return {**inner, "finish_reason": reason} if reason else inner


def _is_message(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    if isinstance(item.get("role"), str):
        return "content" in item or "parts" in item or "tool_calls" in item
    kind = _text(item.get("type"))
    return kind in _ITEMS or (kind in _LANGCHAIN and "content" in item)


def _turns(items: list[dict[str, Any]]) -> list[Message]:
    """Messages of recorded ones; those items put together that one turn of an assistant was recorded in."""
    found: list[Message] = []
    apart = False
    for item in items:
        is_item = _text(item.get("type")) in _ITEMS
        for message in _said(item):
            last = found[-1] if found else None
            if last and last.role == message.role == "assistant" and (apart or is_item):
                last.parts += message.parts
                last.calls += message.calls
            else:
                found.append(message)
        apart = is_item
    return found


def _said(item: dict[str, Any]) -> list[Message]:
    """What one recorded message says: results of tools first, each a message of its own, then the rest."""
    kind, role = _text(item.get("type")), item.get("role")
    if not isinstance(role, str):
        role = _ITEMS.get(kind or "", kind or "message")
    message = Message(
        _ROLES.get(role, role),
        name=_text(item.get("name")),
        answers=_text(item.get("tool_call_id")),
        finish_reason=_text(item.get("finish_reason")),
    )
    if words := _text(item.get("reasoning")) or _text(item.get("reasoning_content")):
        message.parts.append(Part("reasoning", words))
    content = item if kind in _ITEMS else item.get("parts", item.get("content"))
    results = [result for part in _several(content) if (result := _take(part, message))]
    calls = item.get("tool_calls")
    for recorded in calls if isinstance(calls, list) else ():
        call = _call(recorded)
        # LangChain keeps the calls of Anthropic's models in the content as well.
        if call not in message.calls:
            message.calls.append(call)
    says_more = message.parts or message.calls or not results
    return [*results, message] if says_more else results


def _parts(words: Any) -> list[Part]:
    message = Message("system")
    for part in _several(_of(words, "parts", words)):
        _take(part, message)
    return message.parts


def _take(part: Any, message: Message) -> Message | None:
    """Puts one part of recorded content into a message; answers a tool's result, which is a message of its own."""
    kind = _of(part, "type")
    if part is None or part == "":
        return None
    if isinstance(part, str):
        message.parts.append(Part("text", part))
    elif kind in ("tool_use", "function_call", "tool_call", "server_tool_call") or _of(part, "functionCall"):
        message.calls.append(_call(part))
    elif kind in ("tool_result", "function_call_output", "tool_call_response", "server_tool_call_response"):
        identity = next((part[key] for key in ("tool_use_id", "call_id", "id") if _text(part.get(key))), None)
        result = next((part[key] for key in ("content", "output", "response", "result") if key in part), None)
        said = Message("tool", answers=identity)
        for inner in _several(result):
            said.parts.append(Part("text", inner) if isinstance(inner, str) else _part(inner, _of(inner, "type")))
        return said
    elif (made := _part(part, kind)).value:
        message.parts.append(made)
    return None


def _part(part: Any, kind: Any) -> Part:
    if isinstance(part, dict):
        if kind in ("reasoning", "thinking", "reasoning_content"):
            return Part("reasoning", _thoughts(part))
        if address := _image(part, kind):
            return Part("image", address)
        if kind in (None, "text", "input_text", "output_text", "refusal"):
            words = next((part[key] for key in ("text", "content", "refusal") if isinstance(part.get(key), str)), None)
            # What genspan has no picture for in MLflow's UI it keeps beside the text that stands for it.
            if words is not None and "part" not in part:
                return Part("text", words)
    return Part("other", part)


def _thoughts(part: dict[str, Any]) -> str:
    told = next((part[key] for key in ("summary", "thinking", "content", "reasoning", "text") if part.get(key)), "")
    if isinstance(told, list):
        return "\n\n".join(text for item in told if (text := _text(_of(item, "text"))))
    return told if isinstance(told, str) else encode(told)


def _image(part: dict[str, Any], kind: Any) -> str | None:
    """The address of the image that a part is; None where it is none."""
    recorded = _of(part, "part", part)
    if kind in ("image_url", "input_image"):
        address = part.get("image_url")
        return _text(_of(address, "url", address))
    source = _of(part, "source", _of(part, "inline_data", _of(part, "inlineData", recorded)))
    mime = next((source[key] for key in ("mime_type", "mimeType", "media_type") if _text(_of(source, key))), None)
    if kind != "image" and _of(source, "modality") != "image" and not str(mime).startswith("image/"):
        return None
    data = next((source[key] for key in ("data", "base64", "content") if _text(_of(source, key))), None)
    if data:
        return f"data:{mime or 'image/png'};base64,{data}"
    return _text(_of(source, "url")) or _text(_of(source, "uri")) or _text(_of(part, "image"))


def _call(item: Any) -> ToolCall:
    """A tool call of OpenAI (two shapes), Anthropic, Gemini, LangChain or the conventions."""
    function = _of(item, "function", _of(item, "functionCall", item))
    arguments = next(
        (function[key] for key in ("arguments", "args", "input", "server_tool_call") if _of(function, key) is not None),
        None,
    )
    if isinstance(arguments, str):
        try:
            arguments = decode(arguments)
        except ValueError:
            pass
    return ToolCall(
        id=_text(_of(item, "call_id")) or _text(_of(item, "id")),
        name=_text(_of(function, "name")) or "unnamed",
        arguments=arguments,
    )


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of(value: Any, key: str, otherwise: Any = None) -> Any:
    return value.get(key, otherwise) if isinstance(value, dict) else otherwise


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
