"""What `with_raw_response` and `with_streaming_response` return in place of the response."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from genspan.instrumentation.core import UNREAD, Body, Chunks
from genspan.instrumentation.core.reading import string
from genspan.semconv.encoding import decode

_ENVELOPES: Final = frozenset(
    {
        "LegacyAPIResponse",
        "APIResponse",
        "AsyncAPIResponse",
        "StreamedBinaryAPIResponse",
        "AsyncStreamedBinaryAPIResponse",
    }
)
_BINARY: Final = "HttpxBinaryResponseContent"


def envelope(returned: Any) -> Any:
    """The body of a raw response, from JSON where it is JSON; UNREAD while it is still to be read; None for the rest.

    A body that is null is as one without fields. It is decoded here, not by the envelope's `parse()`, which belongs to
    the app: it caches, and it may raise.
    """
    if type(returned).__name__ not in _ENVELOPES:
        return None
    raw = _raw(returned.http_response)
    return UNREAD if raw is UNREAD else _response(raw)


def body(read: Body) -> Any:
    """What a body holds: the response, the chunks of a streamed one, or plain text."""
    return None if read.data is None else _response(read.data)


def _response(raw: bytes) -> Any:
    try:
        return decode(raw) or {}
    except ValueError:
        return Chunks(_events(raw)) if raw.startswith((b"data:", b"event:")) else raw.decode(errors="replace")


def _events(raw: bytes) -> list[Any]:
    """The data of server-sent events; the last may have been cut off."""
    events = []
    for line in raw.splitlines():
        if line.startswith(b"data:") and (data := line[5:].strip()) != b"[DONE]":
            with suppress(ValueError):
                events.append(decode(data))
    return events


def binary_envelope(returned: Any) -> Any:
    """As `envelope`, for a body that is no text: `{"content": bytes, "mime_type": str, "size": int}`."""
    kind = type(returned).__name__
    if kind not in _ENVELOPES and kind != _BINARY:
        return None
    http_response = returned.response if kind == _BINARY else returned.http_response
    raw = _raw(http_response)
    return raw if raw is UNREAD else _binary(raw, len(raw), http_response)


def binary_body(read: Body) -> Any:
    """As `body`, for one that is no text; its content is None where it was too long to keep."""
    return _binary(read.data, read.size, read.envelope.http_response)


def _binary(content: bytes | None, size: int, http_response: Any) -> Any:
    mime_type = string(http_response.headers.get("content-type"))
    if content is not None and (mime_type or "").startswith("text/event-stream"):
        return Chunks(_events(content))
    return {"content": content, "size": size, "mime_type": mime_type}


def _raw(http_response: Any) -> Any:
    try:
        return http_response.content
    except Exception:  # noqa: BLE001 - ResponseNotRead, of httpx or httpx2, by the SDK's version
        return UNREAD
