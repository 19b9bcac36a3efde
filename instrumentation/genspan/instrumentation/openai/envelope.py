"""What `with_raw_response` and `with_streaming_response` return in place of the response."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import UNREAD
from genspan.semconv.encoding import decode

_ENVELOPES: Final = frozenset({"LegacyAPIResponse", "APIResponse", "AsyncAPIResponse"})


def envelope(returned: Any) -> Any:
    """The JSON body of a raw response; UNREAD while it is still to be read; None for anything else.

    A body that is no JSON, or null, is as one without fields. It is decoded here, not by the envelope's `parse()`,
    which belongs to the app: it caches, and it may raise.
    """
    if type(returned).__name__ not in _ENVELOPES:
        return None
    try:
        body = returned.http_response.content
    except Exception:  # noqa: BLE001 - ResponseNotRead, of httpx or httpx2, by the SDK's version
        return UNREAD
    try:
        return decode(body) or {}
    except ValueError:
        return {}
