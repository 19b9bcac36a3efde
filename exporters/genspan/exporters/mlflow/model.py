"""What passes between the three steps: translate gives `MlflowSpan`, assemble gives `MlflowTrace`, a store writes both.

Field names are MLflow's (`mlflow.entities`), so that a reader of either finds the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class TokenUsage:
    """Token counts of a span or a trace; None where nobody said."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None

    def stated(self) -> dict[str, int]:
        """The counts that are known, by name."""
        return {name: count for name in self.__slots__ if (count := getattr(self, name)) is not None}


@dataclass(slots=True)
class Cost:
    """US dollars; MLflow shows a cost only where all three are known."""

    input_cost: float
    output_cost: float
    total_cost: float

    def stated(self) -> dict[str, float]:
        """The amounts by name."""
        return {"input_cost": self.input_cost, "output_cost": self.output_cost, "total_cost": self.total_cost}


@dataclass(slots=True)
class MlflowSpan:
    """One span as MLflow stores it."""

    trace_id: str
    """32 hexadecimal digits, as OpenTelemetry writes it; MLflow's own id is `tr-` before it."""
    span_id: str
    """16 hexadecimal digits."""
    parent_span_id: str | None
    name: str
    kind: str
    """`SPAN_KIND_CLIENT`, …"""
    start_time_unix_nano: int
    end_time_unix_nano: int | None
    status_code: str
    """`STATUS_CODE_OK`, `STATUS_CODE_ERROR` or `STATUS_CODE_UNSET`."""
    status_message: str
    type: str | None
    """MLflow's span type: `CHAT_MODEL`, `AGENT`, `TOOL`, …"""
    attributes: dict[str, str]
    """Every value is JSON text, as MLflow stores it."""
    events: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    model_name: str | None = None
    model_provider: str | None = None
    usage: TokenUsage | None = None
    cost: Cost | None = None
    is_running: bool = False
    """It has started and not ended: the same span comes again when it has."""
    has_remote_parent: bool = False
    """The parent is in another process, and may never reach this store."""
    content_size: int | None = None
    """Bytes of its content, of a span that has been read back or is kept without; its attributes may not be whole."""
    request_preview: str | None = None
    """The user's words, should this span turn out to be the trace's root."""
    response_preview: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    trace_name: str | None = None
    """A name asked for by `mlflow.traceTag.mlflow.traceName`."""
    trace_state: str | None = None
    """`OK` or `ERROR` where the span says it for its trace."""
    trace_request_preview: str | None = None
    trace_response_preview: str | None = None
    client_request_id: str | None = None
    trace_tags: dict[str, str] = field(default_factory=dict)
    trace_metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class MlflowTrace:
    """What one batch knows of one trace: its spans, and the facts that MLflow keeps of the whole."""

    trace_id: str
    """`tr-` and 32 hexadecimal digits."""
    spans: list[MlflowSpan]
    request_time: int
    """Milliseconds since the epoch."""
    execution_duration: int | None
    """Milliseconds."""
    state: str
    """`OK`, `ERROR` or `IN_PROGRESS`; the last while no root span has come."""
    name: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    client_request_id: str | None = None
    session_id: str | None = None
    usage: TokenUsage | None = None
    cost: Cost | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
