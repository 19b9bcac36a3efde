"""Items of the Responses API, from OpenAI's form to the conventions' messages.

An item is a message, a call of a tool, a tool's answer, a thought, or something that a tool of OpenAI's did.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from genspan.instrumentation.core.messages import content_parts, tool_arguments
from genspan.instrumentation.core.reading import field, items, plain, string
from genspan.semconv.messages import Message, MessagePart, OutputMessage, text
from genspan.semconv.values import FinishReason

from . import media

_SERVER_TOOLS: Final = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcp_list_tools",
    "mcp_approval_request": "mcp_approval_request",
    "tool_search_call": "tool_search",
    "program": "program",
}
"""Items of tools that OpenAI runs, to the name of the tool."""

_CLIENT_TOOLS: Final = {
    "computer_call": "computer",
    "local_shell_call": "local_shell",
    "shell_call": "shell",
    "apply_patch_call": "apply_patch",
}
"""Items of built-in tools that the app runs, to the name of the tool. Each is answered by an item `<type>_output`."""

_ASKED: Final = ("action", "actions", "operation")
"""Where their items hold what is to be done."""

_RESULTS: Final = {
    "file_search_call": "results",
    "code_interpreter_call": "outputs",
    "image_generation_call": "result",
    "mcp_call": "output",
    "mcp_list_tools": "tools",
}
"""Where an item holds what the tool gave back."""

_ROLES: Final = {"mcp_approval_response": "user"}
"""Whose word an item is that has no role, where it is neither the model's nor a tool's."""

_STATUS_REASONS: Final = {
    "completed": FinishReason.STOP,
    "failed": FinishReason.ERROR,
    "cancelled": FinishReason.ERROR,
}
_INCOMPLETE_REASONS: Final = {"max_output_tokens": FinishReason.LENGTH}


def input_messages(given: Any) -> list[Message] | None:
    """The history, in the order sent. Text alone is what the user says."""
    if isinstance(given, str):
        return [{"role": "user", "parts": [text(given)]}]
    return [_message(item) for item in items(given)] or None


def system_instructions(given: Any) -> list[MessagePart] | None:
    """The instructions that the API takes apart from the history."""
    if isinstance(given, str):
        return [text(given)] if given else None
    parts = [part for item in items(given) for part in _message(item)["parts"]]
    return parts or None


def output_messages(response: Any) -> list[OutputMessage] | None:
    """What a response says: one message, since the API knows no choices."""
    parts = [part for item in items(field(response, "output")) for part in _parts(item)]
    reason = finish_reason(response)
    if not parts and reason is None:
        return None
    message: OutputMessage = {"role": "assistant", "parts": parts}
    if reason is not None:
        message["finish_reason"] = reason
    return [message]


def finish_reason(response: Any) -> str | None:
    """Why a response ended; None while it has not, as one that runs in the background."""
    if field(response, "cut_off") is True:
        return FinishReason.ERROR
    status = string(field(response, "status"))
    if status == "incomplete":
        reason = string(field(field(response, "incomplete_details"), "reason"))
        return _INCOMPLETE_REASONS.get(reason or "", reason or FinishReason.ERROR)
    kinds = {string(field(item, "type")) for item in items(field(response, "output"))}
    if status == "completed" and not kinds.isdisjoint({"function_call", "custom_tool_call", *_CLIENT_TOOLS}):
        return FinishReason.TOOL_CALL
    return _STATUS_REASONS.get(status or "")


def is_compacted(given: Any) -> bool | None:
    """True where a compaction of earlier items is among them; None where not, as the conventions want it."""
    return any(field(item, "type") == "compaction" for item in items(given)) or None


def _message(item: Any) -> Message:
    if isinstance(item, str):
        return {"role": "user", "parts": [text(item)]}
    kind = string(field(item, "type")) or "message"
    role = string(field(item, "role"))
    if role is None:
        role = "tool" if kind.endswith("_output") else _ROLES.get(kind, "assistant")
    return {"role": role, "parts": _parts(item)}


def _parts(item: Any) -> list[MessagePart]:
    kind = string(field(item, "type")) or "message"
    read = _READERS.get(kind)
    if read is not None:
        return read(item)
    if kind in _SERVER_TOOLS:
        return _server_tool(kind, item)
    if kind in _CLIENT_TOOLS:
        arguments = next((plain(asked) for asked in map(partial(field, item), _ASKED) if asked), None)
        return [{"type": "tool_call", "id": _call_id(item), "name": _CLIENT_TOOLS[kind], "arguments": arguments}]
    if kind.endswith("_output"):
        return _tool_response(item)
    return [{"type": kind}]


def _call_id(item: Any) -> str | None:
    return string(field(item, "call_id")) or string(field(item, "id"))


def _content(item: Any) -> list[MessagePart]:
    return content_parts(field(item, "content"), _content_part)


def _content_part(part: Any) -> MessagePart:
    kind = string(field(part, "type")) or "unknown"
    read = _CONTENT.get(kind)
    return {"type": kind} if read is None else read(part)


def _text(part: Any) -> MessagePart:
    return text(string(field(part, "text")) or "")


def _sound(part: Any) -> MessagePart:
    # The Realtime API has no object around it.
    within = field(part, "input_audio")
    return media.spoken(part) if within is None else media.audio(within)


_CONTENT: Final[dict[str, Callable[[Any], MessagePart]]] = {
    **dict.fromkeys(("input_text", "output_text", "text", "summary_text", "reasoning_text"), _text),
    "refusal": lambda part: text(string(field(part, "refusal")) or ""),
    "input_image": media.image,
    "computer_screenshot": media.image,
    "input_file": media.file,
    **dict.fromkeys(("input_audio", "output_audio", "audio"), _sound),
}
"""Readers of the parts of a message, by their type."""


def _function_call(item: Any) -> list[MessagePart]:
    arguments = tool_arguments(field(item, "arguments"))
    return [
        {"type": "tool_call", "id": _call_id(item), "name": string(field(item, "name")) or "", "arguments": arguments}
    ]


def _custom_tool_call(item: Any) -> list[MessagePart]:
    name = string(field(item, "name")) or ""
    return [{"type": "tool_call", "id": _call_id(item), "name": name, "arguments": plain(field(item, "input"))}]


def _tool_response(item: Any) -> list[MessagePart]:
    output = field(item, "output")
    pieces = items(output) or [output]
    # What a shell gave back has a form of its own.
    said = all(field(piece, "type") in _CONTENT for piece in pieces)
    response = [_content_part(piece) for piece in pieces] if said else plain(output)
    return [{"type": "tool_call_response", "id": _call_id(item), "response": response}]


def _approval(item: Any) -> list[MessagePart]:
    return [
        {
            "type": "server_tool_call_response",
            "id": string(field(item, "approval_request_id")),
            "server_tool_call_response": {"type": "mcp_approval_response", "approve": field(item, "approve")},
        }
    ]


def _reasoning(item: Any) -> list[MessagePart]:
    thoughts = (*items(field(item, "summary")), *items(field(item, "content")))
    found = [thought for thought in (string(field(piece, "text")) for piece in thoughts) if thought is not None]
    return [{"type": "reasoning", "content": thought} for thought in found]


def _compaction(item: Any) -> list[MessagePart]:
    part: dict[str, Any] = {"type": "compaction", "id": string(field(item, "id"))}
    return [part]  # type: ignore[list-item]  # what it holds is encrypted


def _server_tool(kind: str, item: Any) -> list[MessagePart]:
    tool, identifier = _SERVER_TOOLS[kind], string(field(item, "id"))
    whole = plain(item)
    facts = {name: value for name, value in whole.items() if value is not None} if isinstance(whole, dict) else {}
    result = facts.pop(_RESULTS.get(kind, ""), None)
    facts.pop("id", None)
    if kind == "code_interpreter_call":
        result = [_drawn(output) for output in items(result)] or result
    name = string(field(item, "name")) or tool
    parts: list[MessagePart] = [
        {"type": "server_tool_call", "id": identifier, "name": name, "server_tool_call": {**facts, "type": tool}}
    ]
    if result is None:
        return parts
    if kind == "image_generation_call" and isinstance(result, str):
        output_format = string(field(item, "output_format")) or "png"
        return [*parts, media.blob("image", result, f"image/{output_format}")]
    return [
        *parts,
        {
            "type": "server_tool_call_response",
            "id": identifier,
            "server_tool_call_response": {"type": tool, _RESULTS[kind]: result},
        },
    ]


def _drawn(output: Any) -> Any:
    """A picture that code has made, as a part: its address may hold all of it. Anything else as it is."""
    url = string(field(output, "url"))
    return output if url is None else media.by_address("image", url)


_READERS: Final[dict[str, Callable[[Any], list[MessagePart]]]] = {
    "message": _content,
    "agent_message": _content,
    "function_call": _function_call,
    "custom_tool_call": _custom_tool_call,
    "mcp_approval_response": _approval,
    "reasoning": _reasoning,
    "compaction": _compaction,
    "compaction_summary": _compaction,
}
