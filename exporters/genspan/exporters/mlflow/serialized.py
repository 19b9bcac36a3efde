"""Traces as JSON text and back."""

from __future__ import annotations

from typing import Any

from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage
from genspan.semconv.encoding import decode, encode


def write(trace: MlflowTrace) -> str:
    """JSON text of a trace. It is UTF-8 whatever the trace holds: a lone surrogate is written out as `\\ud800`."""
    return encode(trace)


def read(text: str) -> MlflowTrace:
    """The trace that `write` wrote. Raises ValueError, KeyError or TypeError for any other text."""
    fields = decode(text)
    fields["spans"] = [MlflowSpan(**_counted(span)) for span in fields["spans"]]
    return MlflowTrace(**_counted(fields))


def _counted(fields: dict[str, Any]) -> dict[str, Any]:
    usage, cost = fields["usage"], fields["cost"]
    return {**fields, "usage": usage and TokenUsage(**usage), "cost": cost and Cost(**cost)}
