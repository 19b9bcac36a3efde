"""Errors of MLflow's API, with the codes that its servers speak.

Codes, statuses and classes as `mlflow.exceptions` and `mlflow.error_classification` have them in 3.17.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

ABORTED: Final = "ABORTED"
ALREADY_EXISTS: Final = "ALREADY_EXISTS"
BAD_REQUEST: Final = "BAD_REQUEST"
CANCELLED: Final = "CANCELLED"
CUSTOMER_UNAUTHORIZED: Final = "CUSTOMER_UNAUTHORIZED"
DATA_LOSS: Final = "DATA_LOSS"
DEADLINE_EXCEEDED: Final = "DEADLINE_EXCEEDED"
ENDPOINT_NOT_FOUND: Final = "ENDPOINT_NOT_FOUND"
FEATURE_DISABLED: Final = "FEATURE_DISABLED"
INTERNAL_ERROR: Final = "INTERNAL_ERROR"
INVALID_PARAMETER_VALUE: Final = "INVALID_PARAMETER_VALUE"
INVALID_STATE: Final = "INVALID_STATE"
NOT_FOUND: Final = "NOT_FOUND"
NOT_IMPLEMENTED: Final = "NOT_IMPLEMENTED"
PERMISSION_DENIED: Final = "PERMISSION_DENIED"
REQUEST_LIMIT_EXCEEDED: Final = "REQUEST_LIMIT_EXCEEDED"
RESOURCE_ALREADY_EXISTS: Final = "RESOURCE_ALREADY_EXISTS"
RESOURCE_CONFLICT: Final = "RESOURCE_CONFLICT"
RESOURCE_DOES_NOT_EXIST: Final = "RESOURCE_DOES_NOT_EXIST"
RESOURCE_EXHAUSTED: Final = "RESOURCE_EXHAUSTED"
TEMPORARILY_UNAVAILABLE: Final = "TEMPORARILY_UNAVAILABLE"
UNAUTHENTICATED: Final = "UNAUTHENTICATED"

HTTP_STATUS: Final[Mapping[str, int]] = {
    ABORTED: 409,
    ALREADY_EXISTS: 409,
    BAD_REQUEST: 400,
    CANCELLED: 499,
    CUSTOMER_UNAUTHORIZED: 401,
    DATA_LOSS: 500,
    DEADLINE_EXCEEDED: 504,
    ENDPOINT_NOT_FOUND: 404,
    INTERNAL_ERROR: 500,
    INVALID_PARAMETER_VALUE: 400,
    INVALID_STATE: 500,
    NOT_FOUND: 404,
    NOT_IMPLEMENTED: 501,
    PERMISSION_DENIED: 403,
    REQUEST_LIMIT_EXCEEDED: 429,
    RESOURCE_ALREADY_EXISTS: 400,
    RESOURCE_CONFLICT: 409,
    RESOURCE_DOES_NOT_EXIST: 404,
    RESOURCE_EXHAUSTED: 429,
    TEMPORARILY_UNAVAILABLE: 503,
    UNAUTHENTICATED: 401,
}
"""The status that a server answers with; 500 for any other code."""

_CODE_OF_STATUS: Final[Mapping[int, str]] = {
    400: BAD_REQUEST,
    401: UNAUTHENTICATED,
    403: PERMISSION_DENIED,
    404: ENDPOINT_NOT_FOUND,
    409: ALREADY_EXISTS,
    429: RESOURCE_EXHAUSTED,
    499: CANCELLED,
    501: NOT_IMPLEMENTED,
    503: TEMPORARILY_UNAVAILABLE,
    504: DEADLINE_EXCEEDED,
}

_Class = tuple[str, str]
"""An error class, and the SQLSTATE that goes with it."""

_RAISED_HERE: Final[Mapping[str, _Class]] = {
    BAD_REQUEST: ("INVALID_PARAMETER_VALUE", "KAM00"),
    CUSTOMER_UNAUTHORIZED: ("PERMISSION_DENIED", "KAM00"),
    ENDPOINT_NOT_FOUND: ("RESOURCE_NOT_FOUND", "KAM00"),
    FEATURE_DISABLED: ("FEATURE_DISABLED", "KAM00"),
    INTERNAL_ERROR: ("CLIENT_INTERNAL_ERROR", "XXM00"),
    INVALID_PARAMETER_VALUE: ("INVALID_PARAMETER_VALUE", "KAM00"),
    INVALID_STATE: ("CLIENT_INTERNAL_ERROR", "XXM00"),
    NOT_FOUND: ("RESOURCE_NOT_FOUND", "KAM00"),
    PERMISSION_DENIED: ("PERMISSION_DENIED", "KAM00"),
    RESOURCE_ALREADY_EXISTS: ("RESOURCE_ALREADY_EXISTS", "KAM00"),
    RESOURCE_DOES_NOT_EXIST: ("RESOURCE_NOT_FOUND", "KAM00"),
    TEMPORARILY_UNAVAILABLE: ("CLIENT_INTERNAL_ERROR", "XXM00"),
}

_SAID_BY_A_SERVER: Final[Mapping[str, _Class]] = {
    BAD_REQUEST: ("CP_INVALID_PARAMETER_VALUE", "KAMC4"),
    CUSTOMER_UNAUTHORIZED: ("CP_PERMISSION_DENIED", "KAMC1"),
    ENDPOINT_NOT_FOUND: ("CP_RESOURCE_NOT_FOUND", "KAMC2"),
    INTERNAL_ERROR: ("CP_INTERNAL_ERROR", "XXMC0"),
    INVALID_PARAMETER_VALUE: ("CP_INVALID_PARAMETER_VALUE", "KAMC4"),
    INVALID_STATE: ("CP_INVALID_STATE", "XXMC2"),
    NOT_FOUND: ("CP_RESOURCE_NOT_FOUND", "KAMC2"),
    PERMISSION_DENIED: ("CP_PERMISSION_DENIED", "KAMC1"),
    REQUEST_LIMIT_EXCEEDED: ("CP_REQUEST_RATE_LIMITED", "KAMC3"),
    RESOURCE_ALREADY_EXISTS: ("CP_RESOURCE_CONFLICT", "KAMC5"),
    RESOURCE_CONFLICT: ("CP_RESOURCE_CONFLICT", "KAMC5"),
    RESOURCE_DOES_NOT_EXIST: ("CP_RESOURCE_NOT_FOUND", "KAMC2"),
    RESOURCE_EXHAUSTED: ("CP_REQUEST_RATE_LIMITED", "KAMC3"),
    TEMPORARILY_UNAVAILABLE: ("CP_TEMPORARILY_UNAVAILABLE", "XXMC1"),
    UNAUTHENTICATED: ("CP_PERMISSION_DENIED", "KAMC1"),
}

_SQLSTATE_OF_CLASS: Final[Mapping[str, str]] = {
    "ATTRIBUTE_NOT_FOUND": "KAM04",
    "MODEL_SERIALIZATION_FAILED": "KAM03",
    "PREDICTION_FUNCTION_FAILED": "KAM02",
    "SCHEMA_ENFORCEMENT_FAILED": "KAM01",
}
"""Classes that are narrower than a code."""


class MlflowException(Exception):
    """What went wrong with a call of this API.

    `error_code` is one of MLflow's codes, such as `RESOURCE_DOES_NOT_EXIST`. Further keyword arguments become fields
    of the error's JSON.
    """

    def __init__(
        self,
        message: object,
        error_code: str = INTERNAL_ERROR,
        sqlstate: str | None = None,
        error_class: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.message = str(message)
        self.error_code = error_code
        of_code = _RAISED_HERE.get(error_code, (None, None))
        self.error_class = error_class or of_code[0]
        self.sqlstate = sqlstate or _SQLSTATE_OF_CLASS.get(self.error_class or "") or of_code[1]
        self.json_kwargs = kwargs
        super().__init__(self.message)

    def serialize_as_json(self) -> str:
        """The error as MLflow's servers write it."""
        known = {"sqlstate": self.sqlstate, "error_class": self.error_class}
        fields = {"error_code": self.error_code, "message": self.message}
        fields |= {name: value for name, value in known.items() if value is not None}
        return json.dumps(fields | self.json_kwargs)

    def get_http_status_code(self) -> int:
        """The status that a server would answer with."""
        return HTTP_STATUS.get(self.error_code, 500)

    @classmethod
    def invalid_parameter_value(
        cls, message: object, sqlstate: str | None = None, error_class: str | None = None, **kwargs: Any
    ) -> MlflowException:
        """An error of a value that cannot be understood."""
        return cls(message, error_code=INVALID_PARAMETER_VALUE, sqlstate=sqlstate, error_class=error_class, **kwargs)


class RestException(MlflowException):
    """A server's refusal. `json` is what it said: `error_code`, `message`, perhaps more."""

    def __init__(self, json: Mapping[str, Any]) -> None:
        self.json = dict(json)
        said = self.json.get("error_code") or INTERNAL_ERROR
        message = f"{said}: {self.json.get('message', f'Response: {self.json}')}"
        # Gateways before a server put the HTTP status there.
        code = _CODE_OF_STATUS.get(int(said), INTERNAL_ERROR) if str(said).isdecimal() else str(said)
        super().__init__(message, error_code=code)
        of_code = _SAID_BY_A_SERVER.get(code, (None, None))
        self.error_class = self.json.get("error_class") or of_code[0]
        self.sqlstate = self.json.get("sqlstate") or of_code[1]

    def __reduce__(self) -> tuple[type[RestException], tuple[dict[str, Any]]]:
        return RestException, (self.json,)


class MlflowTracingException(MlflowException):
    """A fault of tracing itself, which the app's work does not depend on."""

    def __init__(self, message: object, error_code: str = INTERNAL_ERROR) -> None:
        super().__init__(message, error_code=error_code)


class MlflowNotImplementedException(MlflowException):
    """Something that MLflow has and this version has not."""

    def __init__(self, message: object = "") -> None:
        super().__init__(message, error_code=NOT_IMPLEMENTED)
