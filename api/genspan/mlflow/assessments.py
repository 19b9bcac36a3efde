"""Feedback on traces, and what was expected of them."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any, Final

from genspan.mlflow import reading, settings
from genspan.mlflow.entities import Assessment, AssessmentError, AssessmentSource, Expectation, Feedback
from genspan.mlflow.entities.assessment import DEFAULT_FEEDBACK_NAME, FeedbackValueType
from genspan.mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store import open_store
from genspan.mlflow.store.contract import TraceStore

_logger = logging.getLogger("genspan.mlflow")

_NO_TRACE: Final = (None, "MLFLOW_NO_OP_SPAN_TRACE_ID")
"""Ids of what nobody records."""

_RETRIES: Final = (0.2, 1.0, 5.0)
"""Seconds."""


def log_feedback(
    *,
    trace_id: str,
    name: str = DEFAULT_FEEDBACK_NAME,
    value: FeedbackValueType | None = None,
    source: AssessmentSource | None = None,
    error: Exception | AssessmentError | None = None,
    rationale: str | None = None,
    metadata: dict[str, Any] | None = None,
    span_id: str | None = None,
) -> Assessment:
    """Stores a judgement on a trace or one of its spans, or the error that there was instead.

    `value` is a number, a string, a boolean, or a list or dict of those; without `source`, code judges. Answers it as
    it is stored, with its id. Raises MlflowException where there is no such trace or the value cannot be stored.
    """
    feedback = Feedback(
        name=name,
        source=source,
        value=value,
        error=error,
        rationale=rationale,
        metadata=metadata,
        span_id=span_id,
    )
    return log_assessment(trace_id, feedback)


def log_expectation(
    *,
    trace_id: str,
    name: str,
    value: Any,
    source: AssessmentSource | None = None,
    metadata: dict[str, Any] | None = None,
    span_id: str | None = None,
) -> Assessment:
    """Stores what a trace or one of its spans should have led to: any value that JSON can hold but None.

    Without `source`, a human expects it. Answers it as it is stored, with its id. Raises MlflowException where there
    is no such trace or the value cannot be stored.
    """
    expectation = Expectation(name=name, source=source, value=value, metadata=metadata, span_id=span_id)
    return log_assessment(trace_id, expectation)


def log_assessment(trace_id: str, assessment: Assessment) -> Assessment:
    """Stores feedback or an expectation of a trace; answers it as it is stored, with its id.

    Of a trace that is still under way in this process it is stored once that has ended, and answered as given.
    Raises MlflowException where there is no such trace or the value cannot be stored.
    """
    assessment.trace_id = trace_id
    if trace_id in _NO_TRACE:  # The app's code is the same where tracing is off.
        _logger.debug("Assessment %r is of a trace that nobody records", assessment.name)
        return assessment
    assessment.to_dictionary()  # Raises here for a value that no server takes, and not once the trace has ended.
    if reading.when_ended(trace_id, partial(_store_late, _store(), assessment)):
        return assessment
    return _stored(_store(), assessment)


def _stored(store: TraceStore, assessment: Assessment) -> Assessment:
    try:
        return store.create_assessment(assessment)
    except MlflowException as error:
        # What has just been traced waits for the next batch, which is not hastened for every judgement.
        if error.error_code != RESOURCE_DOES_NOT_EXIST or not reading.flush_pending():
            raise
        return store.create_assessment(assessment)


def _store_late(store: TraceStore, assessment: Assessment) -> None:
    # The trace's end is heard of before it is handed to all exporters.
    for wait in _RETRIES:
        if _is_settled(store, assessment, may_come=True):
            return
        time.sleep(wait)
    _is_settled(store, assessment, may_come=False)


def _is_settled(store: TraceStore, assessment: Assessment, may_come: bool) -> bool:
    """Stores it, or tells why not; False where its trace is not there, but may come."""
    try:
        _stored(store, assessment)
    except MlflowException as error:
        if may_come and error.error_code == RESOURCE_DOES_NOT_EXIST:
            return False
        _logger.warning("Assessment %r of trace %s is not stored: %s", assessment.name, assessment.trace_id, error)
    return True


def get_assessment(trace_id: str, assessment_id: str) -> Assessment:
    """An assessment of a trace. Raises MlflowException where there is none."""
    return _store().get_assessment(trace_id, assessment_id)


def update_assessment(trace_id: str, assessment_id: str, assessment: Assessment) -> Assessment:
    """Puts a name, value, rationale and metadata in the place of those of a stored assessment; answers it whole.

    Raises MlflowException where there is none, or one of another type.
    """
    return _store().update_assessment(
        trace_id,
        assessment_id,
        name=assessment.name,
        expectation=assessment if isinstance(assessment, Expectation) else None,
        feedback=assessment if isinstance(assessment, Feedback) else None,
        rationale=assessment.rationale,
        metadata=assessment.metadata,
    )


def delete_assessment(trace_id: str, assessment_id: str) -> None:
    """Deletes an assessment; one that it had taken the place of counts again."""
    _store().delete_assessment(trace_id, assessment_id)


def override_feedback(
    *,
    trace_id: str,
    assessment_id: str,
    value: FeedbackValueType,
    rationale: str | None = None,
    source: AssessmentSource | None = None,
    metadata: dict[str, Any] | None = None,
) -> Assessment:
    """Stores another judgement in the place of one, which is kept but no longer counts.

    Answers the new one. Raises MlflowException where the old one is not there, or is no feedback.
    """
    overridden = get_assessment(trace_id, assessment_id)
    if not isinstance(overridden, Feedback):
        raise MlflowException.invalid_parameter_value(
            f"The assessment with ID {assessment_id} is not a feedback assessment."
        )
    feedback = Feedback(
        name=overridden.name,
        span_id=overridden.span_id,
        value=value,
        rationale=rationale,
        source=source,
        metadata=metadata,
        overrides=overridden.assessment_id,
    )
    return log_assessment(trace_id, feedback)


def _store() -> TraceStore:
    return open_store(settings.tracking_uri())
