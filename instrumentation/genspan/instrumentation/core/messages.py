"""What every library's messages share on their way to the conventions' form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from genspan.semconv.encoding import decode
from genspan.semconv.messages import Message, MessagePart, RetrievalDocument, ToolCallResponsePart, text

from .reading import double, field, given, items, string


def message(get: Callable[[str], Any], role: str, parts: list[MessagePart]) -> Message:
    """A message of these parts, with the `name` that the library's own has, whose fields `get` reads."""
    result: Message = {"role": role, "parts": parts}
    name = string(get("name"))
    if name is not None:
        result["name"] = name
    return result


def content_parts(content: Any, read: Callable[[Any], MessagePart]) -> list[MessagePart]:
    """The parts of a message's content, which is one text, or several parts, texts among them; `read` reads others."""
    if isinstance(content, str):
        return [text(content)] if content else []
    return [text(part) if isinstance(part, str) else read(part) for part in items(content)]


def tool_message_part(get: Callable[[str], Any], parts: list[MessagePart]) -> ToolCallResponsePart:
    """The one part of a tool's message, from the message's fields and the parts of its content."""
    return {
        "type": "tool_call_response",
        "id": string(get("tool_call_id")),
        "response": tool_response(parts, given(get("content"))),
    }


def tool_response(parts: list[MessagePart], content: Any) -> Any:
    """What a tool gave back: its text, its parts where it is more than a text, else the content as it is."""
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["content"]  # type: ignore[typeddict-item]  # a TextPart, by its type
    return parts or content


def tool_arguments(arguments: Any) -> Any:
    """The object that a model wrote as JSON text; the text itself where it is no JSON."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return decode(arguments)
    except ValueError:
        return arguments


_SCORES: Final = ("relevance_score", "score")
"""Where rerankers and stores put a document's score in its metadata."""


def retrieval_document(document: Any) -> RetrievalDocument:
    """A document as retrievers give it, in LangChain's form and MLflow's: an object or mapping with `page_content`."""
    metadata = field(document, "metadata")
    metadata = dict(metadata) if isinstance(metadata, Mapping) else {}
    found: RetrievalDocument = {"content": string(field(document, "page_content")) or ""}
    identifier = string(field(document, "id"))
    score = next((number for name in _SCORES if (number := double(metadata.get(name))) is not None), None)
    if identifier is not None:
        found["id"] = identifier
    if score is not None:
        found["score"] = score
    if metadata:
        found["metadata"] = metadata
    return found
