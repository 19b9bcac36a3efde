"""Types of the structured content attributes: messages, their parts, tool definitions and documents.

The shapes are the JSON schemas that the GenAI conventions publish for `gen_ai.input.messages`,
`gen_ai.output.messages`, `gen_ai.system_instructions`, `gen_ai.tool.definitions` and `gen_ai.retrieval.documents`.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union

from typing_extensions import NotRequired

Modality = Literal["image", "video", "audio", "document"]


class TextPart(TypedDict):
    """Text sent to or received from a model."""

    type: Literal["text"]
    content: str


class ReasoningPart(TypedDict):
    """What a model thought before it answered, or its summary."""

    type: Literal["reasoning"]
    content: str


class ToolCallPart(TypedDict):
    """A model's request that the app call a tool. `arguments` is the parsed object where it parses."""

    type: Literal["tool_call"]
    name: str
    id: NotRequired[str | None]
    arguments: NotRequired[Any]


class ToolCallResponsePart(TypedDict):
    """What a tool that the app called gave back."""

    type: Literal["tool_call_response"]
    response: Any
    id: NotRequired[str | None]


class ServerToolCallPart(TypedDict):
    """A tool call that the provider ran itself; `server_tool_call` has a `type` of its own."""

    type: Literal["server_tool_call"]
    name: str
    server_tool_call: dict[str, Any]
    id: NotRequired[str | None]


class ServerToolCallResponsePart(TypedDict):
    """What a tool that the provider ran gave back."""

    type: Literal["server_tool_call_response"]
    server_tool_call_response: dict[str, Any]
    id: NotRequired[str | None]


class BlobPart(TypedDict):
    """Media carried in the message. `content` is base64; empty, with a `size` in bytes, where it was too large."""

    type: Literal["blob"]
    modality: Modality | str
    content: str
    mime_type: NotRequired[str | None]
    transcript: NotRequired[str | None]
    size: NotRequired[int]


class FilePart(TypedDict):
    """Media that the provider holds under an id."""

    type: Literal["file"]
    modality: Modality | str
    file_id: str
    mime_type: NotRequired[str | None]


class UriPart(TypedDict):
    """Media that stands behind an address."""

    type: Literal["uri"]
    modality: Modality | str
    uri: str
    mime_type: NotRequired[str | None]


class CompactionPart(TypedDict):
    """Where a provider put a summary in place of the messages before it."""

    type: Literal["compaction"]
    id: NotRequired[str | None]
    content: NotRequired[str | None]


class GenericPart(TypedDict):
    """Anything the conventions have no part for; `type` is the library's own word."""

    type: str


MessagePart = Union[
    TextPart,
    ReasoningPart,
    ToolCallPart,
    ToolCallResponsePart,
    ServerToolCallPart,
    ServerToolCallResponsePart,
    BlobPart,
    FilePart,
    UriPart,
    CompactionPart,
    GenericPart,
]


class Message(TypedDict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"] | str
    parts: list[MessagePart]
    name: NotRequired[str | None]


class OutputMessage(Message):
    """One choice of a model's answer. The conventions keep `finish_reason` here for older readers."""

    finish_reason: NotRequired[str | None]


class ToolDefinition(TypedDict):
    """A tool that a model may call. `parameters` is a JSON schema."""

    type: str
    name: str
    description: NotRequired[str | None]
    parameters: NotRequired[Any]


class RetrievalDocument(TypedDict):
    """A document that a retrieval found."""

    id: NotRequired[str | None]
    score: NotRequired[float | None]
    content: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


def text(content: str) -> TextPart:
    """A text part."""
    return {"type": "text", "content": content}
