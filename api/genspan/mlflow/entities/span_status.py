"""How a span ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from genspan.mlflow.exceptions import MlflowException

_PROTO_PREFIX: Final = "STATUS_CODE_"


class SpanStatusCode(str, Enum):
    """OpenTelemetry's status codes."""

    UNSET = "UNSET"
    OK = "OK"
    ERROR = "ERROR"

    def to_otel_proto_status_code_name(self) -> str:
        """The code's name in OTLP, `STATUS_CODE_OK` for one."""
        return _PROTO_PREFIX + self.value

    @staticmethod
    def from_otel_proto_status_code_name(status_code_name: str) -> SpanStatusCode:
        """The code of a name in OTLP. Raises MlflowException for any other name."""
        for code in SpanStatusCode:
            if status_code_name == code.to_otel_proto_status_code_name():
                return code
        valid = ", ".join(code.to_otel_proto_status_code_name() for code in SpanStatusCode)
        raise MlflowException.invalid_parameter_value(
            f"Invalid status code name: {status_code_name}. Valid values are: {valid}"
        )


@dataclass(init=False)
class SpanStatus:
    """A status code, and what there is to say of an error."""

    status_code: SpanStatusCode
    description: str

    def __init__(self, status_code: SpanStatusCode | str, description: str = "") -> None:
        try:
            self.status_code = SpanStatusCode(status_code)
        except ValueError:
            raise MlflowException.invalid_parameter_value(
                f"{status_code} is not a valid SpanStatusCode value. "
                f"Please use one of {[code.value for code in SpanStatusCode]}"
            ) from None
        self.description = description
