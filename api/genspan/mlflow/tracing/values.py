"""Any Python value as the value of a span attribute, and back again."""

from __future__ import annotations

import math
from typing import Any

from genspan.exporters.mlflow.translate.reserved import holds_json
from genspan.semconv.encoding import decode, encode

_MOST = 2**63 - 1


def attribute_value(value: Any) -> str | bool | int | float:
    """What OpenTelemetry takes for a value of any type: plain ones as they are, the rest as JSON text.

    A text that could be taken for such JSON text is itself written as JSON, so that `read` gives back what went in.
    Never raises.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -_MOST <= value <= _MOST:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and not holds_json(value):
        return str(value)
    return encode(value)


def read(value: Any) -> Any:
    """The value that `attribute_value` was given, in plain JSON types."""
    return decode(value) if isinstance(value, str) and holds_json(value) else value
