"""What `with_raw_response` and `with_streaming_response` return in place of the response."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import UNREAD
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
    body = _body(returned.http_response)
    if body is UNREAD:
        return UNREAD
    try:
        return decode(body) or {}
    except ValueError:
        return body.decode(errors="replace")


def binary_envelope(returned: Any) -> Any:
    """As `envelope`, for a body that is no text: `{"content": bytes, "mime_type": str}`."""
    kind = type(returned).__name__
    if kind not in _ENVELOPES and kind != _BINARY:
        return None
    http_response = returned.response if kind == _BINARY else returned.http_response
    body = _body(http_response)
    return body if body is UNREAD else {"content": body, "mime_type": http_response.headers.get("content-type")}


def _body(http_response: Any) -> Any:
    try:
        return http_response.content
    except Exception:  # noqa: BLE001 - ResponseNotRead, of httpx or httpx2, by the SDK's version
        return UNREAD
