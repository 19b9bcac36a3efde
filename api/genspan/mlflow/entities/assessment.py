"""Feedback on traces and spans, and what was expected of them."""

from __future__ import annotations

import json
import math
import time
import traceback
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar, Union

from genspan.exporters.mlflow.keys import AssessmentMetadataKey
from genspan.mlflow.entities import timestamp
from genspan.mlflow.entities.assessment_error import AssessmentError
from genspan.mlflow.entities.assessment_source import AssessmentSource, AssessmentSourceType
from genspan.mlflow.exceptions import MlflowException

Scalar = Union[float, int, str, bool]
FeedbackValueType = Union[Scalar, dict[str, Scalar], list[Scalar]]

DEFAULT_FEEDBACK_NAME: Final = "feedback"
_JSON_FORMAT: Final = "JSON_FORMAT"


@dataclass
class ExpectationValue:
    """What is expected: anything that JSON can hold."""

    value: Any

    def to_dictionary(self) -> dict[str, Any]:
        """As MLflow's servers take it: numbers, booleans and strings as such, all else as JSON text."""
        if self.value is None or isinstance(self.value, (int, float, bool, str)):
            return {"value": _told(self.value)}
        try:
            text = json.dumps(self.value)
        except Exception as error:
            raise MlflowException.invalid_parameter_value(
                f"Failed to serialize value {self.value} to JSON string. Expectation value must be JSON-serializable."
            ) from error
        return {"serialized_value": {"serialization_format": _JSON_FORMAT, "value": text}}

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> ExpectationValue:
        """What `to_dictionary` wrote."""
        if "value" in d:
            return cls(d["value"])
        if "serialized_value" in d:
            return cls(json.loads(d["serialized_value"]["value"]))
        raise MlflowException.invalid_parameter_value(
            "Either 'value' or 'serialized_value' must be present in the dictionary representation of an Expectation."
        )


@dataclass
class FeedbackValue:
    """A judgement, or why there is none."""

    value: FeedbackValueType | None
    error: AssessmentError | None = None

    def to_dictionary(self) -> dict[str, Any]:
        """As MLflow's servers take it."""
        error = {} if self.error is None else {"error": self.error.sent()}
        return {"value": _told(self.value)} | error

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> FeedbackValue:
        """What `to_dictionary` wrote."""
        error = d.get("error")
        return cls(d.get("value"), AssessmentError.from_dictionary(error) if error else None)


@dataclass
class IssueReferenceValue:
    """The name of an issue."""

    issue_name: str

    def to_dictionary(self) -> dict[str, Any]:
        """As MLflow's servers take it."""
        return {"issue_name": self.issue_name}

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> IssueReferenceValue:
        """What `to_dictionary` wrote."""
        return cls(d["issue_name"])


@dataclass
class Assessment:
    """What somebody says of a trace or one of its spans: use `Feedback`, `Expectation` or `IssueReference`."""

    name: str
    source: AssessmentSource
    trace_id: str | None = None
    """None while it is of no trace yet."""
    run_id: str | None = None
    rationale: str | None = None
    metadata: dict[str, Any] | None = None
    span_id: str | None = None
    create_time_ms: int | None = None
    last_update_time_ms: int | None = None
    assessment_id: str | None = None
    """A store gives it."""
    error: AssessmentError | None = None
    expectation: ExpectationValue | None = None
    feedback: FeedbackValue | None = None
    issue: IssueReferenceValue | None = None
    overrides: str | None = None
    """The id of the assessment that it takes the place of."""
    valid: bool | None = None
    """False once another took its place; a store sets it."""

    _KINDS: ClassVar[dict[str, type[Assessment]]] = {}

    def __init_subclass__(cls, kind: str | None = None) -> None:
        if kind is not None:
            Assessment._KINDS[kind] = cls

    def __post_init__(self) -> None:
        if [self.expectation, self.feedback, self.issue].count(None) != 2:
            raise MlflowException.invalid_parameter_value(
                "Exactly one of `expectation`, `feedback`, or `issue` should be specified."
            )
        if self.error is not None:
            if self.expectation is not None:
                raise MlflowException.invalid_parameter_value("Cannot set `error` when `expectation` is specified.")
            if self.feedback is None:
                raise MlflowException.invalid_parameter_value("Cannot set `error` when `feedback` is not specified.")
            self.feedback.error = self.error
        now = time.time_ns() // 1_000_000
        if self.create_time_ms is None:
            self.create_time_ms = now
        if self.last_update_time_ms is None:
            self.last_update_time_ms = now
        if not isinstance(self.source, AssessmentSource):
            raise MlflowException.invalid_parameter_value(
                f"`source` must be an instance of `AssessmentSource`. Got {type(self.source)} instead."
            )
        if self.run_id is None and self.metadata:
            self.run_id = self.metadata.get(AssessmentMetadataKey.SOURCE_RUN_ID)

    def to_dictionary(self) -> dict[str, Any]:
        """As MLflow's servers take and give it: what is not known is left out."""
        assert self.create_time_ms is not None  # Set on creation.
        assert self.last_update_time_ms is not None
        source_id = self.source.source_id
        fields = {
            "assessment_id": self.assessment_id,
            "assessment_name": self.name,
            "trace_id": self.trace_id or "",
            "span_id": self.span_id,
            "source": {"source_type": self.source.source_type}
            | ({} if source_id is None else {"source_id": source_id}),
            "create_time": timestamp.written(self.create_time_ms),
            "last_update_time": timestamp.written(self.last_update_time_ms),
            "feedback": self.feedback and self.feedback.to_dictionary(),
            "expectation": self.expectation and self.expectation.to_dictionary(),
            "issue": self.issue and self.issue.to_dictionary(),
            "rationale": self.rationale,
            "metadata": {key: str(value) for key, value in self.metadata.items()} if self.metadata else None,
            "overrides": self.overrides or None,
            "valid": self.valid,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> Assessment:
        """What `to_dictionary` wrote. Raises MlflowException where it is of no kind that is known."""
        for kind, assessment in Assessment._KINDS.items():
            if d.get(kind):
                return assessment.from_dictionary(d)
        raise MlflowException.invalid_parameter_value(f"Unknown assessment type: {d.get('assessment_name')}")


class Feedback(Assessment, kind="feedback"):
    """A judgement on what came out, or the error that there was instead.

    A value is a number, a string, a boolean, or a list or dict of those. An exception given as `error` is kept by its
    message, its type's name and its stack.
    """

    def __init__(
        self,
        name: str = DEFAULT_FEEDBACK_NAME,
        value: FeedbackValueType | None = None,
        error: Exception | AssessmentError | str | None = None,
        source: AssessmentSource | None = None,
        trace_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        span_id: str | None = None,
        create_time_ms: int | None = None,
        last_update_time_ms: int | None = None,
        rationale: str | None = None,
        overrides: str | None = None,
        valid: bool | None = True,
    ) -> None:
        error = _error(error)
        super().__init__(
            name=name,
            source=source if source is not None else AssessmentSource(AssessmentSourceType.CODE),
            trace_id=trace_id,
            rationale=rationale,
            metadata=metadata,
            span_id=span_id,
            create_time_ms=create_time_ms,
            last_update_time_ms=last_update_time_ms,
            error=error,
            feedback=FeedbackValue(value, error),
            overrides=overrides,
            valid=valid,
        )

    @property
    def value(self) -> Any:
        """The judgement."""
        assert self.feedback is not None
        return self.feedback.value

    @value.setter
    def value(self, value: FeedbackValueType) -> None:
        assert self.feedback is not None
        self.feedback.value = value

    @property
    def error_code(self) -> str | None:
        """The code of the error that there was instead."""
        assert self.feedback is not None
        return self.feedback.error.error_code if self.feedback.error else None

    @property
    def error_message(self) -> str | None:
        """The message of the error that there was instead."""
        assert self.feedback is not None
        return self.feedback.error.error_message if self.feedback.error else None

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> Feedback:
        """What `to_dictionary` wrote."""
        if not d.get("feedback"):
            raise MlflowException.invalid_parameter_value("`feedback` must exist in the dictionary.")
        value = FeedbackValue.from_dictionary(d["feedback"])
        return _completed(cls(value=value.value, error=value.error, **_shared(d)), d)


class Expectation(Assessment, kind="expectation"):
    """What should have come out: any value that JSON can hold but None."""

    def __init__(
        self,
        name: str,
        value: Any,
        source: AssessmentSource | None = None,
        trace_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        span_id: str | None = None,
        create_time_ms: int | None = None,
        last_update_time_ms: int | None = None,
    ) -> None:
        if value is None:
            raise MlflowException.invalid_parameter_value("The `value` field must be specified.")
        super().__init__(
            name=name,
            source=source if source is not None else AssessmentSource(AssessmentSourceType.HUMAN),
            trace_id=trace_id,
            metadata=metadata,
            span_id=span_id,
            create_time_ms=create_time_ms,
            last_update_time_ms=last_update_time_ms,
            expectation=ExpectationValue(value),
        )

    @property
    def value(self) -> Any:
        """What is expected."""
        assert self.expectation is not None
        return self.expectation.value

    @value.setter
    def value(self, value: Any) -> None:
        assert self.expectation is not None
        self.expectation.value = value

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> Expectation:
        """What `to_dictionary` wrote."""
        if not d.get("expectation"):
            raise MlflowException.invalid_parameter_value("`expectation` must exist in the dictionary.")
        return _completed(cls(value=ExpectationValue.from_dictionary(d["expectation"]).value, **_shared(d)), d)


class IssueReference(Assessment, kind="issue"):
    """An issue that a trace shows; MLflow makes these by itself."""

    def __init__(
        self,
        issue_id: str,
        issue_name: str,
        source: AssessmentSource | None = None,
        trace_id: str | None = None,
        run_id: str | None = None,
        rationale: str | None = None,
        metadata: dict[str, Any] | None = None,
        span_id: str | None = None,
        create_time_ms: int | None = None,
        last_update_time_ms: int | None = None,
    ) -> None:
        for field, value in {"issue_id": issue_id, "issue_name": issue_name}.items():
            if value is None:
                raise MlflowException.invalid_parameter_value(f"The `{field}` field must be specified.")
        super().__init__(
            name=issue_id,
            source=source if source is not None else AssessmentSource(AssessmentSourceType.LLM_JUDGE),
            trace_id=trace_id,
            run_id=run_id,
            rationale=rationale,
            metadata=metadata,
            span_id=span_id,
            create_time_ms=create_time_ms,
            last_update_time_ms=last_update_time_ms,
            issue=IssueReferenceValue(issue_name),
        )

    @property
    def issue_id(self) -> str:
        """The issue's id."""
        return self.name

    @property
    def issue_name(self) -> str:
        """The issue's name."""
        assert self.issue is not None
        return self.issue.issue_name

    @classmethod
    def from_dictionary(cls, d: dict[str, Any]) -> IssueReference:
        """What `to_dictionary` wrote."""
        if not d.get("issue"):
            raise MlflowException.invalid_parameter_value("`issue` must exist in the dictionary.")
        shared = _shared(d)
        issue = cls(
            issue_id=shared.pop("name"),
            issue_name=d["issue"]["issue_name"],
            run_id=d.get("run_id") or None,
            **shared,
        )
        return _completed(issue, d)


Kind = TypeVar("Kind", bound=Assessment)


def _completed(assessment: Kind, d: dict[str, Any]) -> Kind:
    """The assessment with what the JSON of every kind may say, and not every kind's arguments.

    MLflow itself reads `overrides` and `valid` of feedback alone, so an expectation that another took the place of
    counts again there.
    """
    assessment.assessment_id = d.get("assessment_id") or None
    assessment.rationale = d.get("rationale")
    assessment.overrides = d.get("overrides")
    assessment.valid = d.get("valid", assessment.valid)
    return assessment


def _shared(d: dict[str, Any]) -> dict[str, Any]:
    """The arguments of all kinds."""
    return {
        "name": d["assessment_name"],
        "source": AssessmentSource.from_dictionary(d["source"]),
        "trace_id": d.get("trace_id"),
        "metadata": d.get("metadata"),
        "span_id": d.get("span_id"),
        "create_time_ms": timestamp.read(d["create_time"]),
        "last_update_time_ms": timestamp.read(d["last_update_time"]),
    }


def _error(error: Exception | AssessmentError | str | None) -> AssessmentError | None:
    if error is None or isinstance(error, AssessmentError):
        return error
    if isinstance(error, Exception):
        return AssessmentError(type(error).__name__, str(error), _stack(error))
    if isinstance(error, str):
        return AssessmentError("ASSESSMENT_ERROR", error)
    raise MlflowException.invalid_parameter_value(
        f"'error' must be an Exception, AssessmentError, or string. Got: {type(error)}"
    )


def _stack(error: Exception) -> str:
    """As MLflow writes it: the exception's `repr`, then what Python prints of it."""
    try:
        return (repr(error) + "".join(traceback.format_exception(error))).strip()
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return repr(error)


def _told(value: Any) -> Any:
    """A value as protobuf's JSON has it: every number a float. Raises MlflowException for one that it cannot hold."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [_told(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _told(item) for key, item in value.items()}
    raise MlflowException.invalid_parameter_value(
        f"{value!r} cannot be stored: a value is a finite number, a string, a boolean, or a list or dict of them."
    )
