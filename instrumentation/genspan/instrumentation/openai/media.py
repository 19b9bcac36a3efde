"""Images, audio and files, given by address, by the provider's id, or as bytes."""

from __future__ import annotations

from typing import Any

from genspan.instrumentation.core.media import blob, by_address
from genspan.instrumentation.core.reading import field, string
from genspan.semconv.messages import BlobPart, FilePart, MessagePart


def file(holder: Any, modality: str = "document") -> MessagePart:
    """A file by its id, its URL or its bytes, whichever the holder has."""
    identifier = string(field(holder, "file_id"))
    if identifier is not None:
        part: FilePart = {"type": "file", "modality": modality, "file_id": identifier}
        return part
    return by_address(modality, string(field(holder, "file_url")) or string(field(holder, "file_data")) or "")


def image(holder: Any) -> MessagePart:
    """An image by its id or its URL, which stands alone or in an object of its own."""
    identifier = string(field(holder, "file_id"))
    if identifier is not None:
        return {"type": "file", "modality": "image", "file_id": identifier}
    url = field(holder, "image_url")
    return by_address("image", string(url) or string(field(url, "url")) or "")


def audio(holder: Any) -> BlobPart:
    """Audio in base64, with its format."""
    audio_format = string(field(holder, "format"))
    return blob("audio", string(field(holder, "data")) or "", f"audio/{audio_format}" if audio_format else None)


__all__ = ["audio", "blob", "by_address", "file", "image"]
