"""How much a span matters: `mlflow.spanLogLevel`, by which MLflow's UI leaves spans out of a tree where a user asks so.

At first it shows every span, whatever its level; where a user asks for a level, also the parents of those that have it,
and exceptions (3.17.2). A span without one counts as DEBUG, so INFO would leave nothing of a trace without levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from genspan.exporters.mlflow.keys import SpanType

DEBUG: Final = 10
INFO: Final = 20
ERROR: Final = 40

_TELLING: Final = frozenset(
    {SpanType.LLM, SpanType.CHAT_MODEL, SpanType.TOOL, SpanType.RETRIEVER, SpanType.AGENT, SpanType.EMBEDDING}
)
"""Types of spans that matter by themselves (`default_log_level_for_span_type`, 3.17.2)."""


def log_level(type: str | None, events: Iterable[Mapping[str, Any]]) -> int:
    """The level of a span of that type with those events, where nobody has set one: ERROR if it has an exception."""
    if any(event["name"] == "exception" for event in events):
        return ERROR
    return INFO if type in _TELLING else DEBUG
