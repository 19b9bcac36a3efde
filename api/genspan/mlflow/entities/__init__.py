"""What MLflow's API answers with: traces, spans, assessments, experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genspan.mlflow.entities import span
from genspan.mlflow.entities.assessment import (
    Assessment,
    Expectation,
    ExpectationValue,
    Feedback,
    FeedbackValue,
    IssueReference,
    IssueReferenceValue,
)
from genspan.mlflow.entities.assessment_error import AssessmentError
from genspan.mlflow.entities.assessment_source import AssessmentSource, AssessmentSourceType
from genspan.mlflow.entities.document import Document
from genspan.mlflow.entities.experiment import Experiment, ExperimentTag
from genspan.mlflow.entities.link import Link
from genspan.mlflow.entities.paged_list import PagedList
from genspan.mlflow.entities.session import Session
from genspan.mlflow.entities.span import Span, SpanType
from genspan.mlflow.entities.span_event import SpanEvent
from genspan.mlflow.entities.span_log_level import SpanLogLevel
from genspan.mlflow.entities.span_status import SpanStatus, SpanStatusCode
from genspan.mlflow.entities.trace import Trace
from genspan.mlflow.entities.trace_data import TraceData
from genspan.mlflow.entities.trace_info import TraceInfo
from genspan.mlflow.entities.trace_location import (
    InferenceTableLocation,
    MlflowExperimentLocation,
    TraceLocation,
    TraceLocationBase,
    TraceLocationType,
    UCSchemaLocation,
    UnityCatalog,
)
from genspan.mlflow.entities.trace_state import TraceState, TraceStatus

if TYPE_CHECKING:
    from genspan.mlflow.entities.span import LiveSpan, NoOpSpan

__all__ = [
    "Assessment",
    "AssessmentError",
    "AssessmentSource",
    "AssessmentSourceType",
    "Document",
    "Expectation",
    "ExpectationValue",
    "Experiment",
    "ExperimentTag",
    "Feedback",
    "FeedbackValue",
    "InferenceTableLocation",
    "IssueReference",
    "IssueReferenceValue",
    "Link",
    "LiveSpan",
    "MlflowExperimentLocation",
    "NoOpSpan",
    "PagedList",
    "Session",
    "Span",
    "SpanEvent",
    "SpanLogLevel",
    "SpanStatus",
    "SpanStatusCode",
    "SpanType",
    "Trace",
    "TraceData",
    "TraceInfo",
    "TraceLocation",
    "TraceLocationBase",
    "TraceLocationType",
    "TraceState",
    "TraceStatus",
    "UCSchemaLocation",
    "UnityCatalog",
]


def __getattr__(name: str) -> Any:
    if name in ("LiveSpan", "NoOpSpan"):
        return getattr(span, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
