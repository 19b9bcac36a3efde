"""Messages, from LangChain's form to the conventions'.

A message is a `BaseMessage`, or what LangChain takes for one: a text, a pair of role and content, a dict. Its content
is a text or a list of blocks; a block is one of LangChain's standard ones (v1) or of the provider's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from genspan.instrumentation.core.media import blob, by_address
from genspan.instrumentation.core.messages import message as message_of
from genspan.instrumentation.core.messages import tool_arguments, tool_message_part, tool_response
from genspan.instrumentation.core.reading import field, fields, items, string
from genspan.semconv.messages import FilePart, Message, MessagePart, ToolCallPart, text

_ROLES: Final = {
    "human": "user",
    "humanmessagechunk": "user",
    "ai": "assistant",
    "aimessagechunk": "assistant",
    "systemmessagechunk": "system",
    "developer": "system",
    "toolmessagechunk": "tool",
    "function": "tool",
    "functionmessagechunk": "tool",
}
_CALLS: Final = frozenset({"tool_use", "tool_call", "tool_call_chunk", "function_call", "invalid_tool_call"})
"""Blocks that say again what `tool_calls` says."""
_NOTHING: Final[dict[str, Any]] = {}


def fields_of(value: Any) -> Callable[[str], Any]:
    """Reads the fields of a message, as `fields` does."""
    state: Mapping[str, Any] = getattr(value, "__dict__", _NOTHING)
    # What a `BaseMessage` has beyond its own fields, as pydantic lets it, says nothing to us.
    return state.get if "additional_kwargs" in state else fields(value)


def said(value: Any) -> list[Any]:
    """What was said, for `message` to read one by one: the value, or what it lists, where it is a message."""
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, (list, tuple)) or _is_pair(value):
        if _is_message(value):
            return [value]
        value = items(value)
    return [item for item in value if _is_message(item)]


def message(value: Any) -> Message:
    """One message."""
    if isinstance(value, str):
        return {"role": "user", "parts": [text(value)]}
    if isinstance(value, (tuple, list)) and _is_pair(value):
        return {"role": _role(value[0]), "parts": _content_parts(value[1])}
    get = fields_of(value)
    role = _role(string(get("role") or get("type")) or "user")
    if role == "tool":
        return message_of(get, role, [tool_message_part(get, _content_parts(get("content")))])
    return message_of(get, role, _parts(get))


def tool_result(content: Any) -> Any:
    """What a tool gave back, from the content of its message."""
    return tool_response(_content_parts(content), content)


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and isinstance(value[0], str) and value[0] in _PAIRED


_PAIRED: Final = frozenset({"human", "user", "ai", "assistant", "system", "developer", "tool"})


def _is_message(value: Any) -> bool:
    if isinstance(value, str) or hasattr(type(value), "content_blocks") or _is_pair(value):
        return True
    if isinstance(value, Mapping):
        return ("role" in value or "type" in value) and "content" in value
    return hasattr(value, "content") and hasattr(value, "type")


def _role(word: str) -> str:
    return _ROLES.get(word.lower(), word)


def _parts(get: Callable[[str], Any]) -> list[MessagePart]:
    """The parts of a message whose fields `get` reads: what was thought, said, refused and called, in this order."""
    parts = _content_parts(get("content"))
    extra = get("additional_kwargs")
    if extra:
        thought, refusal = string(field(extra, "reasoning_content")), string(field(extra, "refusal"))
        if thought is not None:
            parts.insert(0, {"type": "reasoning", "content": thought})
        if refusal is not None:
            parts.append(text(refusal))
    for calls in (get("tool_calls"), get("invalid_tool_calls")):
        if calls:
            parts += map(_tool_call, items(calls))
    return parts


def _tool_call(call: Any) -> ToolCallPart:
    get = fields(call)
    function = get("function")  # a dict in OpenAI's form
    arguments = get("args") if function is None else field(function, "arguments")
    return {
        "type": "tool_call",
        "id": string(get("id")),
        "name": string(get("name")) or string(field(function, "name")) or "",
        "arguments": tool_arguments(arguments),
    }


def _content_parts(content: Any) -> list[MessagePart]:
    if isinstance(content, str):
        return [text(content)] if content else []
    return [part for block in items(content) for part in _block(block)]


def _block(block: Any) -> list[MessagePart]:
    if isinstance(block, str):
        return [text(block)]
    kind = string(field(block, "type")) or "unknown"
    if kind in _CALLS:
        return []
    read = _BLOCKS.get(kind)
    part = None if read is None else read(block)
    return [part if part is not None else {"type": kind}]


def _text(block: Any) -> MessagePart:
    return text(string(field(block, "text")) or string(field(block, "refusal")) or "")


def _reasoning(block: Any) -> MessagePart:
    thought = string(field(block, "reasoning")) or string(field(block, "thinking"))
    if thought is None:
        # OpenAI's Responses API: a list of summaries.
        thought = "\n".join(filter(None, (string(field(item, "text")) for item in items(field(block, "summary")))))
    return {"type": "reasoning", "content": thought}


def _image_url(block: Any) -> MessagePart:
    image = field(block, "image_url")
    return by_address("image", string(image) or string(field(image, "url")) or "")


def _input_audio(block: Any) -> MessagePart:
    audio = field(block, "input_audio")
    audio_format = string(field(audio, "format"))
    return blob("audio", string(field(audio, "data")) or "", f"audio/{audio_format}" if audio_format else None)


def _media(modality: str) -> Callable[[Any], MessagePart | None]:
    """A block of a medium: its bytes, its address or the provider's id of it, where each version has put them."""

    def read(block: Any) -> MessagePart | None:
        source = field(block, "source") or field(block, "file") or block
        mime_type = string(field(source, "mime_type")) or string(field(source, "media_type"))
        data = string(field(source, "base64")) or string(field(source, "data")) or string(field(source, "file_data"))
        if data is not None:
            is_address = data.startswith("data:")
            return by_address(modality, data, mime_type) if is_address else blob(modality, data, mime_type)
        address = string(field(source, "url"))
        if address is not None:
            return by_address(modality, address, mime_type)
        identifier = string(field(source, "file_id")) or string(field(source, "id"))
        if identifier is not None:
            file: FilePart = {"type": "file", "modality": modality, "file_id": identifier}
            if mime_type is not None:
                file["mime_type"] = mime_type
            return file
        return None

    return read


def _server_call(block: Any) -> MessagePart:
    name = string(field(block, "name")) or "unknown"
    return {
        "type": "server_tool_call",
        "id": string(field(block, "id")),
        "name": name,
        "server_tool_call": {"type": name, "arguments": field(block, "args") or field(block, "input")},
    }


def _server_result(block: Any) -> MessagePart:
    return {
        "type": "server_tool_call_response",
        "id": string(field(block, "tool_call_id")) or string(field(block, "tool_use_id")),
        "server_tool_call_response": {
            "type": string(field(block, "status")) or "result",
            "output": field(block, "output") or field(block, "content"),
        },
    }


_BLOCKS: Final[Mapping[str, Callable[[Any], MessagePart | None]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "text-plain": _text,
    "refusal": _text,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "image_url": _image_url,
    "input_audio": _input_audio,
    "image": _media("image"),
    "audio": _media("audio"),
    "video": _media("video"),
    "file": _media("document"),
    "document": _media("document"),
    "server_tool_call": _server_call,
    "server_tool_use": _server_call,
    "server_tool_result": _server_result,
}
