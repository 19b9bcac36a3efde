"""Feedback and expectations as rows of `assessments`.

As `SqlAssessments` and `SqlAlchemyStore` have them in mlflow 3.17.2.
"""

from __future__ import annotations

import json
import math
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from genspan.exporters.mlflow.stores.sqlite.statements import insert
from genspan.mlflow.entities import (
    Assessment,
    AssessmentError,
    AssessmentSource,
    Expectation,
    Feedback,
    IssueReference,
)
from genspan.mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store.sqlite.database import Database
from genspan.mlflow.store.sqlite.sql import Sql, marks

ID_PREFIX: Final = "a-"

_COLUMNS: Final = (
    "assessment_id", "trace_id", "name", "assessment_type", "value", "error", "created_timestamp",
    "last_updated_timestamp", "source_type", "source_id", "run_id", "span_id", "rationale", "overrides", "valid",
    "assessment_metadata",
)  # fmt: skip
"""What an assessment is read from."""


def of_traces(database: Database, trace_ids: Sequence[str]) -> dict[str, list[Assessment]]:
    """Assessments by trace, the oldest first."""
    found: dict[str, list[Assessment]] = defaultdict(list)
    for assessment in _read(database, "trace_id IN " + marks(trace_ids)):
        assert assessment.trace_id is not None
        found[assessment.trace_id].append(assessment)
    return found


def get(database: Database, trace_id: str, assessment_id: str) -> Assessment | None:
    """One assessment of a trace."""
    found = _read(database, Sql("trace_id = ? AND assessment_id = ?", (trace_id, assessment_id)))
    return found[0] if found else None


def create(database: Database, assessment: Assessment) -> Assessment | None:
    """Stores a new assessment; one that it overrides counts no more. None where its trace is not there.

    Raises MlflowException where what it overrides is not there.
    """
    connection = database.connection
    trace = connection.execute(
        "SELECT experiment_id, timestamp_ms FROM trace_info WHERE request_id = ?", (assessment.trace_id,)
    ).fetchone()
    if trace is None:
        return None
    if assessment.overrides:
        changed = connection.execute(
            "UPDATE assessments SET valid = 0 WHERE trace_id = ? AND assessment_id = ?",
            (assessment.trace_id, assessment.overrides),
        )
        if not changed.rowcount:
            raise missing(str(assessment.trace_id), assessment.overrides)
    now = _now()
    type, value, error = _judged(assessment)
    row = {
        "assessment_id": assessment.assessment_id or f"{ID_PREFIX}{uuid.uuid4().hex}",
        "trace_id": assessment.trace_id,
        "name": assessment.name,
        "assessment_type": type,
        "created_timestamp": assessment.create_time_ms or now,
        "last_updated_timestamp": assessment.last_update_time_ms or now,
        "source_type": assessment.source.source_type,
        "source_id": assessment.source.source_id,
        "run_id": assessment.run_id,
        "span_id": assessment.span_id,
        "rationale": assessment.rationale,
        "overrides": assessment.overrides,
        "valid": True,
        "assessment_metadata": json.dumps(assessment.metadata) if assessment.metadata else None,
        "experiment_id": trace[0],
        "trace_timestamp_ms": trace[1],
        **_valued(value, error),
    }
    known = {column: row[column] for column in row if database.layout.has("assessments", column)}
    connection.execute(insert("assessments", ("assessment_id",), tuple(known)), list(known.values()))
    return get(database, row["trace_id"], row["assessment_id"])


def update(
    database: Database,
    before: Assessment,
    *,
    name: str | None,
    expectation: Expectation | None,
    feedback: Feedback | None,
    rationale: str | None,
    metadata: Mapping[str, Any] | None,
) -> Assessment:
    """Changes what is given; metadata is added to what is there. Who judged, and what, stays."""
    if expectation is not None and feedback is not None:
        raise MlflowException.invalid_parameter_value("Cannot specify both `expectation` and `feedback` parameters.")
    if expectation is not None and before.expectation is None:
        raise MlflowException.invalid_parameter_value("Cannot update expectation value on a Feedback assessment.")
    if feedback is not None and before.feedback is None:
        raise MlflowException.invalid_parameter_value("Cannot update feedback value on an Expectation assessment.")
    merged = {**(before.metadata or {}), **(metadata or {})}
    row: dict[str, Any] = {
        "last_updated_timestamp": _now(),
        "assessment_metadata": json.dumps(merged) if merged else None,
    }
    if name is not None:
        row["name"] = name
    if rationale is not None and before.expectation is None:
        row["rationale"] = rationale
    if expectation is not None:
        row.update(_valued(expectation.value, None))
    if feedback is not None:
        row.update(_valued(feedback.value, feedback.error))
    known = {column: row[column] for column in row if database.layout.has("assessments", column)}
    database.connection.execute(
        f"UPDATE assessments SET {', '.join(f'{column} = ?' for column in known)} WHERE assessment_id = ?",
        (*known.values(), before.assessment_id),
    )
    after = get(database, str(before.trace_id), str(before.assessment_id))
    assert after is not None
    return after


def delete(database: Database, trace_id: str, assessment_id: str) -> None:
    """Deletes an assessment, if it is there; one that it had overridden counts again."""
    chosen = (trace_id, assessment_id)
    database.connection.execute(
        "UPDATE assessments SET valid = 1 WHERE assessment_id ="
        " (SELECT overrides FROM assessments WHERE trace_id = ? AND assessment_id = ?)",
        chosen,
    )
    database.connection.execute("DELETE FROM assessments WHERE trace_id = ? AND assessment_id = ?", chosen)


def missing(trace_id: str, assessment_id: str) -> MlflowException:
    """An error that says so."""
    return MlflowException(
        f"Assessment with ID '{assessment_id}' not found for trace '{trace_id}'", RESOURCE_DOES_NOT_EXIST
    )


def aggregate(value: Any) -> tuple[float | None, bool]:
    """What a value counts in MLflow's charts, and whether it is a finite number itself: yes is 1, no is 0."""
    if isinstance(value, bool):
        return float(value), False
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return None, False
        return (number, True) if math.isfinite(number) else (None, False)
    if isinstance(value, str) and value.strip().lower() in ("yes", "no"):
        return float(value.strip().lower() == "yes"), False
    return None, False


def _now() -> int:
    return time.time_ns() // 1_000_000


def _judged(assessment: Assessment) -> tuple[str, Any, AssessmentError | None]:
    """The type, the value and the error of an assessment."""
    if assessment.feedback is not None:
        return "feedback", assessment.feedback.value, assessment.feedback.error
    if assessment.expectation is not None:
        return "expectation", assessment.expectation.value, None
    assert assessment.issue is not None  # An assessment is one of the three.
    return "issue", assessment.issue.to_dictionary(), None


def _valued(value: Any, error: AssessmentError | None) -> dict[str, Any]:
    """The columns that hold a value. Raises MlflowException where JSON cannot."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as unfit:
        raise MlflowException.invalid_parameter_value(f"The value {value!r} cannot be written as JSON.") from unfit
    number, is_number = aggregate(value)
    return {
        "value": text,
        "error": json.dumps(error.to_dictionary()) if error else None,
        "aggregate_value": number,
        "is_numeric_value": is_number,
    }


def _read(database: Database, where: Sql) -> list[Assessment]:
    rows = database.connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM assessments WHERE {where.text} ORDER BY trace_id, created_timestamp, rowid",
        where.parameters,
    )
    return [_assessment(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _assessment(row: Mapping[str, Any]) -> Assessment:
    value = json.loads(row["value"])
    shared = {
        "trace_id": row["trace_id"],
        "source": AssessmentSource(row["source_type"], row["source_id"]),
        "metadata": json.loads(row["assessment_metadata"]) if row["assessment_metadata"] is not None else None,
        "span_id": row["span_id"],
        "create_time_ms": row["created_timestamp"],
        "last_update_time_ms": row["last_updated_timestamp"],
    }
    assessment: Assessment
    if row["assessment_type"] == "feedback":
        error = AssessmentError.from_dictionary(json.loads(row["error"])) if row["error"] is not None else None
        assessment = Feedback(row["name"], value, error, rationale=row["rationale"], **shared)
    elif row["assessment_type"] == "expectation":
        assessment = Expectation(row["name"], value, **shared)
    else:
        assessment = IssueReference(row["name"], value["issue_name"], rationale=row["rationale"], **shared)
    assessment.overrides = row["overrides"]
    assessment.valid = bool(row["valid"])
    assessment.run_id = row["run_id"]
    assessment.assessment_id = row["assessment_id"]
    return assessment
