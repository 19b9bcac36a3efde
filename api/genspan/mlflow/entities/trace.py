"""Traces as MLflow's users see them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genspan.mlflow.entities.assessment import Assessment, Expectation, Feedback
from genspan.mlflow.entities.span import Span
from genspan.mlflow.entities.trace_data import TraceData
from genspan.mlflow.entities.trace_info import TraceInfo
from genspan.mlflow.exceptions import MlflowException


@dataclass
class Trace:
    """A trace: what is known of the whole, and its spans."""

    info: TraceInfo
    data: TraceData

    def __repr__(self) -> str:
        return f"Trace(trace_id={self.trace_id!r})"

    @property
    def trace_id(self) -> str:
        """MLflow's id of the trace."""
        return self.info.trace_id

    def to_dict(self) -> dict[str, Any]:
        """As MLflow writes it."""
        return {"info": self.info.to_dict(), "data": self.data.to_dict()}

    def to_json(self, pretty: bool = False) -> str:
        """JSON text of `to_dict`, indented if asked for."""
        return json.dumps(self.to_dict(), default=_plain, indent=2 if pretty else None)

    @classmethod
    def from_dict(cls, trace_dict: Mapping[str, Any]) -> Trace:
        """What `to_dict` wrote, here or in any MLflow since 2.14. Raises MlflowException where that is no trace."""
        info, data = trace_dict.get("info"), trace_dict.get("data")
        if info is None or data is None:
            raise MlflowException.invalid_parameter_value(
                "Unable to parse Trace from dictionary. Expected keys: 'info' and 'data'. "
                f"Received keys: {list(trace_dict)}"
            )
        return cls(TraceInfo.from_dict(info), TraceData.from_dict(data))

    @classmethod
    def from_json(cls, trace_json: str) -> Trace:
        """What `to_json` wrote. Raises MlflowException where that is no trace."""
        try:
            trace_dict = json.loads(trace_json)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(
                f"Unable to parse trace JSON: {trace_json}. Error: {error}"
            ) from error
        return cls.from_dict(trace_dict)

    def search_spans(
        self,
        span_type: str | None = None,
        name: str | re.Pattern[str] | None = None,
        span_id: str | None = None,
    ) -> list[Span]:
        """The spans of a type, a name (or one that a pattern is found in) and an id; of any where that is None."""
        if not (name is None or isinstance(name, (str, re.Pattern))):
            raise MlflowException.invalid_parameter_value(
                f"Invalid type for 'name'. Expected str or re.Pattern. Got: {type(name)}"
            )
        if not (span_type is None or isinstance(span_type, str)):
            raise MlflowException.invalid_parameter_value(
                f"Invalid type for 'span_type'. Expected str or mlflow.entities.SpanType. Got: {type(span_type)}"
            )

        def is_named(span: Span) -> bool:
            return name is None or (name == span.name if isinstance(name, str) else bool(name.search(span.name)))

        return [
            span
            for span in self.data.spans
            if is_named(span) and span_type in (None, span.span_type) and span_id in (None, span.span_id)
        ]

    def search_assessments(
        self,
        name: str | None = None,
        *,
        span_id: str | None = None,
        all: bool = False,
        type: Literal["expectation", "feedback"] | None = None,
    ) -> list[Assessment]:
        """The assessments of a name, a span and a type; of any where that is None.

        With `all` also those that others have taken the place of.
        """
        kind = {"expectation": Expectation, "feedback": Feedback}.get(type or "", Assessment)
        return [
            assessment
            for assessment in self.info.assessments
            if name in (None, assessment.name)
            and span_id in (None, assessment.span_id)
            and (all or assessment.valid is not False)
            and isinstance(assessment, kind)
        ]

    def to_pandas_dataframe_row(self) -> dict[str, Any]:
        """The row of the trace in the DataFrame that `search_traces` returns."""
        return {
            "trace_id": self.info.trace_id,
            "trace": self.to_json(),
            "client_request_id": self.info.client_request_id,
            "state": self.info.state,
            "request_time": self.info.request_time,
            "execution_duration": self.info.execution_duration,
            "request": _value(self.data.request),
            "response": _value(self.data.response),
            "trace_metadata": self.info.trace_metadata,
            "tags": self.info.tags,
            "spans": [span.to_dict() for span in self.data.spans],
            "assessments": [assessment.to_dictionary() for assessment in self.info.assessments],
        }

    @staticmethod
    def pandas_dataframe_columns() -> list[str]:
        """The columns of that DataFrame."""
        return [
            "trace_id",
            "trace",
            "client_request_id",
            "state",
            "request_time",
            "execution_duration",
            "request",
            "response",
            "trace_metadata",
            "tags",
            "spans",
            "assessments",
        ]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What notebooks show of it."""
        from genspan.mlflow.notebook import display, html_of

        bundle = {"text/plain": repr(self)}
        if display.enabled():
            bundle["text/html"] = html_of([self])
        return bundle


def _value(text: str | None) -> Any:
    """The value of JSON text; the text itself where it is none."""
    try:
        return json.loads(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return text


def _plain(value: object) -> Any:
    """What JSON takes in place of a value that it does not know."""
    from genspan.semconv.encoding import encode

    return json.loads(encode(value))
