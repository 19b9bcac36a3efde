"""Moments of a span."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class SpanEvent:
    """Something that happened while a span ran, such as an exception."""

    name: str
    timestamp: int = field(default_factory=time.time_ns)
    """Nanoseconds since the epoch."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """Strings, numbers, booleans, bytes, or sequences of one of them."""

    @classmethod
    def from_exception(cls, exception: BaseException) -> SpanEvent:
        """OpenTelemetry's event of an exception."""
        attributes = {
            "exception.message": str(exception),
            "exception.type": type(exception).__name__,
            "exception.stacktrace": stack_trace(exception),
        }
        return cls("exception", attributes=attributes)

    def json(self) -> dict[str, Any]:
        """The event with its attributes as JSON text, None where it has none."""
        attributes = json.dumps(self.attributes, default=_plain) if self.attributes else None
        return {"name": self.name, "timestamp": self.timestamp, "attributes": attributes}


def stack_trace(error: BaseException) -> str:
    """The stack of an exception as Python prints it, or its `repr` where that fails."""
    try:
        return "".join(traceback.format_exception(error)).strip()
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return repr(error)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
