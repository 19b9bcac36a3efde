"""A chat as HTML: messages with their texts, pictures and tool calls, and the tools that were offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from genspan.mlflow.notebook.conversation import Message, Part, ToolCall, tool_names
from genspan.mlflow.notebook.markup import Markup, element, may_hold
from genspan.mlflow.notebook.room import Room, left_out
from genspan.mlflow.notebook.section import folded
from genspan.mlflow.notebook.values import TEXT, text, value

ITEM: Final = 400
"""Characters of the tags of one message, call, tool or document, at most."""
LONG: Final = 1_500
"""Characters from which on a text is folded at first."""
PREVIEW: Final = 120
"""Characters of a folded text that are shown."""
_LONG_SYSTEM: Final = 300
"""The same for the words of the system, which are the same in every call."""
_IMAGE: Final = 300_000
"""Characters of an image's address beyond which its size is shown in place of it: an image cannot be cut."""


def said(chat: Sequence[Message], room: Room) -> Iterator[Markup]:
    """Messages, each of which folds; long ones are folded at first."""
    tools = tool_names(list(chat))
    for index, message in enumerate(chat):
        if not room.spend(ITEM):
            yield element("p", left_out(f"{len(chat) - index:,} more messages"))
            return
        yield _message(message, tools, room)


def _message(message: Message, tools: dict[str, str], room: Room) -> Markup:
    words = [part.value for part in message.parts if part.kind == "text"]
    length = sum(map(len, words))
    name = message.name or tools.get(message.answers or "")
    reason = message.finish_reason
    summary = element(
        "summary",
        element("b", room.cut(message.role, 100), class_="gs-role"),
        element("span", " ", room.cut(name, 200), class_="gs-fact") if name else None,
        element("span", " ", reason[:100], class_="gs-fact") if reason not in (None, "stop", "tool_calls") else None,
        element("span", " ", room.cut(" ".join(words[0][:PREVIEW].split()), PREVIEW), class_="gs-preview")
        if length > _LONG_SYSTEM
        else None,
    )
    is_open = length <= (_LONG_SYSTEM if message.role == "system" else LONG)
    parts = [_part(part, room) for part in message.parts]
    calls = [_call(call, room) for call in message.calls if room.spend(ITEM)]
    return element(
        "details",
        summary,
        *parts,
        *calls,
        class_="gs-message",
        data_role=message.role[:20],
        open=is_open or bool(calls),
    )


def _part(part: Part, room: Room) -> Markup:
    if part.kind == "text":
        return element("div", text(part.value, room), class_="gs-text", dir="auto")
    if part.kind == "reasoning":
        thought = element("div", room.cut(part.value, TEXT), class_="gs-text", dir="auto")
        return folded("Reasoning", thought, class_="gs-reasoning")
    if part.kind == "image":
        return _image(part.value, room)
    return value(part.value, room)


def _image(address: str, room: Room) -> Markup:
    """An image that the trace holds; the address of one that would have to be fetched."""
    if not address.startswith("data:"):
        return element("div", "Image at ", element("code", room.cut(address, TEXT)), class_="gs-text")
    kind = address[5:].partition(";")[0].partition(",")[0]
    if may_hold("src", address) and len(address) <= _IMAGE and room.spend(len(address)):
        return element("img", src=address, alt=f"{kind} of the message", class_="gs-image")
    if may_hold("src", address):
        room.is_cut = True
    return element("div", left_out(f"image, {room.cut(kind, 100)}, {len(address) * 3 // 4:,} bytes"), class_="gs-text")


def _call(call: ToolCall, room: Room) -> Markup:
    head = element(
        "p", element("b", room.cut(call.name, 200)), class_="gs-call-name", title=(call.id or "")[:200] or None
    )
    return element("div", head, value(call.arguments, room) if call.arguments else None, class_="gs-call")


def definitions(tools: Sequence[Any], room: Room) -> Iterator[Markup]:
    """The tools that a model was offered."""
    for index, tool in enumerate(tools):
        if not room.spend(ITEM):
            yield element("p", left_out(f"{len(tools) - index:,} more"))
            return
        function = tool.get("function", tool) if isinstance(tool, dict) else tool
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            yield value(tool, room)
            continue
        described = function.get("description")
        rest = {key: item for key, item in function.items() if key not in ("name", "description", "type")}
        yield element(
            "div",
            element("p", element("b", room.cut(function["name"], 200)), class_="gs-call-name"),
            element("p", room.cut(described, TEXT), dir="auto") if isinstance(described, str) and described else None,
            value(rest, room) if rest else None,
            class_="gs-call",
        )
