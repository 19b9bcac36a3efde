"""How much a span matters to who looks at a trace."""

from __future__ import annotations

from enum import IntEnum

from genspan.mlflow.exceptions import MlflowException


class SpanLogLevel(IntEnum):
    """Python's logging levels, for spans."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50

    @classmethod
    def from_value(cls, value: SpanLogLevel | str) -> SpanLogLevel:
        """A level, or the one of a name in whatever case. Raises MlflowException for any other value."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise MlflowException.invalid_parameter_value(
                f"SpanLogLevel must be a SpanLogLevel or str, got {type(value).__name__}."
            )
        try:
            return cls[value.strip().upper()]
        except KeyError:
            raise MlflowException.invalid_parameter_value(
                f"Invalid SpanLogLevel name {value!r}. Expected one of {[level.name for level in cls]}."
            ) from None
