"""Whether prompts and answers are recorded, and where.

`OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is the conventions' switch; its values are those of
OpenTelemetry's own GenAI instrumentations, and `true`/`false`, which older ones took.
"""

from __future__ import annotations

import enum
import functools
import logging
import os
from typing import Final

CAPTURE_MESSAGE_CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

BLOB_LIMIT: Final = "GENSPAN_BLOB_LIMIT"
DEFAULT_BLOB_LIMIT: Final = 1_000_000

_logger = logging.getLogger("genspan.instrumentation")


class ContentCapture(enum.Enum):
    """Where content goes."""

    NO_CONTENT = "NO_CONTENT"
    SPAN_ONLY = "SPAN_ONLY"
    EVENT_ONLY = "EVENT_ONLY"
    SPAN_AND_EVENT = "SPAN_AND_EVENT"

    @classmethod
    def _missing_(cls, value: object) -> ContentCapture:
        raise ValueError(f"{value!r} is none of {', '.join(mode.value for mode in cls)}")

    @property
    def on_span(self) -> bool:
        """As JSON text in span attributes."""
        return self in (ContentCapture.SPAN_ONLY, ContentCapture.SPAN_AND_EVENT)

    @property
    def on_event(self) -> bool:
        """Structured, in the event `gen_ai.client.inference.operation.details`."""
        return self in (ContentCapture.EVENT_ONLY, ContentCapture.SPAN_AND_EVENT)


@functools.cache
def blob_limit() -> int:
    """How many characters of base64 an image, recording or file may have to be recorded, from `GENSPAN_BLOB_LIMIT`.

    Beyond it the part is recorded with its size, without the bytes.
    """
    text = os.environ.get(BLOB_LIMIT, "").strip()
    if text and not text.isdigit():
        _logger.warning(
            "%s is %r, and should be a number of characters: %d is used.", BLOB_LIMIT, text, DEFAULT_BLOB_LIMIT
        )
    return int(text) if text.isdigit() else DEFAULT_BLOB_LIMIT


_VALUES: Final = {
    **{mode.value.lower(): mode for mode in ContentCapture},
    "true": ContentCapture.SPAN_ONLY,
    "false": ContentCapture.NO_CONTENT,
}


def content_capture(value: ContentCapture | str | None = None) -> ContentCapture:
    """The policy given, else the environment's, else none.

    A value that is not one of those allowed is logged, and nothing is recorded: the safe side.
    """
    if isinstance(value, ContentCapture):
        return value
    return _meant((os.environ.get(CAPTURE_MESSAGE_CONTENT, "") if value is None else value).strip())


@functools.cache  # So that a wrong value is logged once, and not by every instrumentor.
def _meant(text: str) -> ContentCapture:
    if not text:
        return ContentCapture.NO_CONTENT
    mode = _VALUES.get(text.lower())
    if mode is None:
        _logger.warning(
            "%s is %r: message content is not recorded. Set one of %s.",
            CAPTURE_MESSAGE_CONTENT,
            text,
            ", ".join(mode.value for mode in ContentCapture),
        )
        return ContentCapture.NO_CONTENT
    return mode
