"""What a dialect reads from the attributes of one span."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.exporters.mlflow.model import TokenUsage

Attributes = Mapping[str, Any]
"""Attributes of an OpenTelemetry span."""


@dataclass(slots=True)
class Reading:
    """The span in MLflow's terms. `inputs`, `outputs` and `tools` are JSON text."""

    type: str | None = None
    inputs: str | None = None
    inputs_from: Collection[str] = ()
    """The attributes that became the inputs."""
    outputs: str | None = None
    outputs_from: Collection[str] = ()
    tools: str | None = None
    tools_from: Collection[str] = ()
    message_format: str | None = None
    usage: TokenUsage | None = None
    model: str | None = None
    provider: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None

    def consumed_by(self, derived: Collection[str]) -> Collection[str]:
        """The attributes whose content is in the given MLflow attributes, so that storing them would store it twice."""
        consumed: set[str] = set()
        if SpanAttributeKey.INPUTS in derived:
            consumed.update(self.inputs_from)
        if SpanAttributeKey.OUTPUTS in derived:
            consumed.update(self.outputs_from)
        if SpanAttributeKey.CHAT_TOOLS in derived:
            consumed.update(self.tools_from)
        return consumed


_MOST: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps; a count beyond it is none."""


def token_count(value: Any) -> int | None:
    """A number of tokens, or None for what cannot be one."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if is_count else None
