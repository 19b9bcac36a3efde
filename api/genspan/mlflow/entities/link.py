"""Links from a span to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Link:
    """An OpenTelemetry link to a span, of another trace as a rule."""

    trace_id: str
    """As MLflow writes it (`tr-…`, `trace:/…`), or 32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    attributes: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        return {"trace_id": self.trace_id, "span_id": self.span_id, "attributes": self.attributes}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Link:
        """What `to_dict` wrote."""
        return cls(data["trace_id"], data["span_id"], data.get("attributes"))
