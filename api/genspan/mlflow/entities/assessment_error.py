"""Why there is no feedback."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

_CUT: Final = "[Stack trace is truncated]\n...\n"
_LONGEST: Final = 10_000
"""Characters of a stack trace that MLflow's servers take."""


@dataclass
class AssessmentError:
    """What went wrong while feedback was made, such as a judge's rate limit."""

    error_code: str
    error_message: str | None = None
    stack_trace: str | None = None

    def to_dictionary(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)

    @classmethod
    def from_dictionary(cls, error_dict: dict[str, Any]) -> AssessmentError:
        """From the fields."""
        return cls(**error_dict)

    def sent(self) -> dict[str, Any]:
        """What a server is told: fields that hold something, the end of a stack trace that is too long."""
        stack = self.stack_trace or ""
        if len(stack) > _LONGEST:
            stack = _CUT + stack[len(_CUT) - _LONGEST :]
        told = {"error_message": self.error_message, "stack_trace": stack}
        return {"error_code": self.error_code} | {name: value for name, value in told.items() if value}
