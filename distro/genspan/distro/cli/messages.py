"""What was said to models and what they answered, span by span, below a trace's tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from genspan.distro.cli.tree import TYPES, branches
from genspan.mlflow.entities import Trace
from genspan.mlflow.notebook.conversation import Message, Part
from genspan.mlflow.notebook.span_pane import chat_of
from genspan.mlflow.notebook.tree import type_of
from genspan.semconv.encoding import encode

LONGEST: Final = 4_000
"""Characters of one part of a message; `--json` has all."""
_ROLES: Final = {"system": "dim bold", "user": "bold blue", "assistant": "bold green", "tool": "bold yellow"}


def rendered(trace: Trace) -> Iterator[RenderableType]:
    """The messages of a trace, each once, below the span that said it first."""
    said: set[str] = set()
    for branch in branches(trace.data.spans):
        new = [message for message in chat_of(branch.span) if not _is_known(message, said)]
        if not new:
            continue
        type = type_of(branch.span)
        yield Text.assemble((branch.span.name, "bold"), "  ", (type, TYPES.get(type, "dim")))
        for message in new:
            yield Padding(_told(message), (0, 0, 0, 2))
        yield Text()


def _is_known(message: Message, said: set[str]) -> bool:
    """Whether it was said before; from now on it was."""
    told = encode([message.role, [part.value for part in message.parts], [call.name for call in message.calls]])
    is_known = told in said
    said.add(told)
    return is_known


def _told(message: Message) -> Text:
    role = f"{message.role} {message.name}" if message.name else message.role
    text = Text.assemble((role, _ROLES.get(message.role, "bold")))
    for part in message.parts:
        text.append("\n")
        text.append_text(_part(part))
    for call in message.calls:
        arguments = call.arguments if isinstance(call.arguments, str) else encode(call.arguments)
        text.append("\n")
        text.append_text(Text.assemble(("calls ", "dim"), (call.name, "yellow"), f"({_cut(arguments)})"))
    return text


def _part(part: Part) -> Text:
    if part.kind == "text":
        return Text(_cut(str(part.value)))
    if part.kind == "reasoning":
        return Text(_cut(str(part.value)), "italic dim")
    if part.kind == "image":
        return Text(f"[image {str(part.value)[:60]}…]", "dim")
    return Text(_cut(part.value if isinstance(part.value, str) else encode(part.value)), "dim")


def _cut(text: str) -> str:
    left = len(text) - LONGEST
    return text if left <= 0 else f"{text[:LONGEST]}… ({left:,} characters more)"
