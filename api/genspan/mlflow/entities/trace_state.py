"""How a trace ended, if it has."""

from __future__ import annotations

from enum import Enum


class TraceState(str, Enum):
    """State of a trace."""

    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"

    def __str__(self) -> str:
        return self.value


class TraceStatus(str, Enum):
    """What the state was called before MLflow 3."""

    UNSPECIFIED = "TRACE_STATUS_UNSPECIFIED"
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"

    def to_state(self) -> TraceState:
        """The state of the same meaning."""
        return TraceState[self.name.replace("UNSPECIFIED", "STATE_UNSPECIFIED")]

    @classmethod
    def from_state(cls, state: TraceState) -> TraceStatus:
        """The status of the same meaning."""
        return cls[TraceState(state).name.removeprefix("STATE_")]
