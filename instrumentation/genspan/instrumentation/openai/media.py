"""Images, audio and files, given by address, by the provider's id, or as bytes."""

from __future__ import annotations

from typing import Any

from genspan.instrumentation.core.content import blob_limit
from genspan.instrumentation.core.reading import field, string
from genspan.semconv.messages import BlobPart, FilePart, MessagePart, UriPart


def by_address(modality: str, address: str) -> BlobPart | UriPart:
    """An address as it is; a `data:` one as the bytes it holds."""
    if address.startswith("data:"):
        head, comma, body = address[5:].partition(",")
        if comma and head.endswith(";base64"):
            mime_type = head.removesuffix(";base64").partition(";")[0]
            return blob(modality, body, mime_type or None)
    return {"type": "uri", "modality": modality, "uri": address}


def blob(modality: str, data: str, mime_type: str | None = None) -> BlobPart:
    """Bytes in base64; beyond `GENSPAN_BLOB_LIMIT` only how many they are."""
    if len(data) > blob_limit():
        size = len(data) * 3 // 4 - data.count("=", -2)
        part: BlobPart = {"type": "blob", "modality": modality, "content": "", "size": size}
    else:
        part = {"type": "blob", "modality": modality, "content": data}
    if mime_type is not None:
        part["mime_type"] = mime_type
    return part


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
