"""Images, audio and files, given by address, by the provider's id, or as bytes."""

from __future__ import annotations

import base64
from typing import Any

from genspan.instrumentation.core.content import blob_limit
from genspan.instrumentation.core.media import blob, by_address, left_out
from genspan.instrumentation.core.reading import field, string
from genspan.semconv.messages import BlobPart, FilePart, MessagePart


def file(holder: Any, modality: str = "document") -> MessagePart:
    """A file by its id, its URL or its bytes, whichever the holder has."""
    identifier = string(field(holder, "file_id"))
    if identifier is not None:
        part: FilePart = {"type": "file", "modality": modality, "file_id": identifier}
        return part
    data = string(field(holder, "file_data"))
    if data is not None and not data.startswith("data:"):
        return blob(modality, data)
    return by_address(modality, string(field(holder, "file_url")) or data or "")


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


def spoken(part: Any) -> BlobPart:
    """What was said, as sound where that is known, with the words: `audio` in Realtime, `data` in a chat."""
    data = string(field(part, "audio")) or string(field(part, "data"))
    recording = field(part, "recording") or blob("audio", data or "")
    found: BlobPart = {**recording}
    transcript = string(field(part, "transcript"))
    if transcript is not None:
        found["transcript"] = transcript
    return found


class Recording:
    """Sound that comes in pieces of base64. Beyond the limit of a blob only its size is kept."""

    def __init__(self) -> None:
        self._rest = ""
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: str) -> None:
        """Takes the next piece; one that is no base64 counts for nothing."""
        # OpenAI encodes each piece by itself; others cut one long text, anywhere.
        text = self._rest + piece
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        try:
            data = base64.b64decode(text[:whole])
        except ValueError:
            return
        self._size += len(data)
        if self._size * 4 > blob_limit() * 3:
            self._pieces.clear()
        else:
            self._pieces.append(data)

    def part(self, mime_type: str | None) -> BlobPart:
        """All of it."""
        if self._size and not self._pieces:
            return left_out("audio", self._size, mime_type)
        return blob("audio", base64.b64encode(b"".join(self._pieces)).decode(), mime_type)


__all__ = ["Recording", "audio", "blob", "by_address", "file", "image", "left_out", "spoken"]
