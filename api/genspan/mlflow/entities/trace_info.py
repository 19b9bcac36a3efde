"""What is known of a trace as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.mlflow.entities import timestamp, trace_id
from genspan.mlflow.entities.assessment import Assessment
from genspan.mlflow.entities.trace_location import TraceLocation
from genspan.mlflow.entities.trace_state import TraceState, TraceStatus

LONGEST_METADATA: Final = 250
"""Characters of a metadata's key or value that every MLflow store takes."""
LONGEST_TAG_KEY: Final = 250
LONGEST_TAG_VALUE: Final = 4096


@dataclass
class TraceInfo:
    """Metadata of a trace."""

    trace_id: str
    trace_location: TraceLocation
    request_time: int
    """When it began: milliseconds since the epoch."""
    state: TraceState
    request_preview: str | None = None
    response_preview: str | None = None
    client_request_id: str | None = None
    """The id that the app itself has for the request."""
    execution_duration: int | None = None
    """Milliseconds."""
    trace_metadata: dict[str, str] = field(default_factory=dict)
    """Facts that do not change."""
    tags: dict[str, str] = field(default_factory=dict)
    assessments: list[Assessment] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As MLflow writes it: what is not known or empty is left out, long metadata and tags are cut."""
        fields = {
            "trace_id": self.trace_id,
            "client_request_id": self.client_request_id,
            "trace_location": self._written_location(),
            "request_time": timestamp.written(self.request_time),
            "state": TraceState(self.state).value,
            "trace_metadata": _cut(self.trace_metadata, LONGEST_METADATA, LONGEST_METADATA) or None,
            "assessments": [self._written_assessment(assessment) for assessment in self.assessments] or None,
            "tags": _cut(self.tags, LONGEST_TAG_KEY, LONGEST_TAG_VALUE) or None,
            "request_preview": self.request_preview,
            "response_preview": self.response_preview,
            "execution_duration_ms": self.execution_duration,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> TraceInfo:
        """What `to_dict` wrote, here or in any MLflow since 2.14, or what a server answers."""
        if "request_id" in d:
            return _of_version_2(**d)
        # A server may be newer, and say more.
        fields = {name: value for name, value in d.items() if name in cls.__dataclass_fields__}
        if assessments := d.get("assessments"):
            fields["assessments"] = [Assessment.from_dictionary(assessment) for assessment in assessments]
        if location := d.get("trace_location"):
            fields["trace_location"] = TraceLocation.from_dict(location)
        if state := d.get("state"):
            fields["state"] = TraceState(state)
        if isinstance(request_time := d.get("request_time"), str):
            fields["request_time"] = timestamp.read(request_time)
        if isinstance(duration := d.get("execution_duration"), str):
            fields["execution_duration"] = timestamp.read_duration(duration)
        if (milliseconds := d.get("execution_duration_ms")) is not None:
            fields["execution_duration"] = milliseconds
        return cls(**fields)

    def _written_location(self) -> dict[str, Any]:
        location = self.trace_location
        written = location.to_dict()
        if location.uc_table_prefix is not None:  # These names of its tables have no `otel_` before them on the wire.
            tables = written["uc_table_prefix"]
            written["uc_table_prefix"] = {name.removeprefix("otel_"): value for name, value in tables.items()}
        return written

    def _written_assessment(self, assessment: Assessment) -> dict[str, Any]:
        written = assessment.to_dictionary()
        location, rest = trace_id.split(assessment.trace_id or "")
        if location is None:
            return written
        names = dict(zip(("catalog_name", "schema_name", "table_prefix"), location.split(".", 2), strict=False))
        kind = "uc_table_prefix" if len(names) == 3 else "uc_schema"
        place = {"type": kind.upper(), kind: names}
        return written | {"trace_id": rest, "trace_location": place}

    @property
    def request_id(self) -> str:
        """The same as `trace_id`, as it was called before MLflow 3."""
        return self.trace_id

    @property
    def experiment_id(self) -> str | None:
        """The experiment that it is in; None where it is elsewhere."""
        place = self.trace_location.mlflow_experiment
        return None if place is None else place.experiment_id

    @experiment_id.setter
    def experiment_id(self, value: str) -> None:
        assert self.trace_location.mlflow_experiment is not None
        self.trace_location.mlflow_experiment.experiment_id = value

    @property
    def request_metadata(self) -> dict[str, str]:
        """The same as `trace_metadata`, as it was called before MLflow 3."""
        return self.trace_metadata

    @property
    def timestamp_ms(self) -> int:
        """The same as `request_time`, as it was called before MLflow 3."""
        return self.request_time

    @timestamp_ms.setter
    def timestamp_ms(self, value: int) -> None:
        self.request_time = value

    @property
    def execution_time_ms(self) -> int | None:
        """The same as `execution_duration`, as it was called before MLflow 3."""
        return self.execution_duration

    @execution_time_ms.setter
    def execution_time_ms(self, value: int | None) -> None:
        self.execution_duration = value

    @property
    def status(self) -> TraceStatus:
        """The state, as it was called before MLflow 3."""
        return TraceStatus.from_state(self.state)

    @status.setter
    def status(self, value: TraceStatus) -> None:
        self.state = value.to_state()

    @property
    def token_usage(self) -> dict[str, int] | None:
        """Tokens of all model calls: `input_tokens`, `output_tokens`, `total_tokens`, perhaps more."""
        usage = self.trace_metadata.get(TraceMetadataKey.TOKEN_USAGE)
        return json.loads(usage) if usage else None

    @property
    def cost(self) -> dict[str, float] | None:
        """US dollars: `input_cost`, `output_cost` and `total_cost` of all model calls."""
        cost = self.trace_metadata.get(TraceMetadataKey.COST)
        return json.loads(cost) if cost else None


def _of_version_2(
    *,
    request_id: str,
    experiment_id: str,
    timestamp_ms: int,
    execution_time_ms: int | None,
    status: str,
    request_metadata: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    assessments: list[dict[str, Any]] | None = None,
) -> TraceInfo:
    """What MLflow 2 wrote."""
    return TraceInfo(
        trace_id=request_id,
        trace_location=TraceLocation.from_experiment_id(experiment_id),
        request_time=timestamp_ms,
        execution_duration=execution_time_ms,
        state=TraceStatus(status).to_state(),
        trace_metadata=dict(request_metadata or {}),
        tags=dict(tags or {}),
        assessments=[Assessment.from_dictionary(assessment) for assessment in assessments or ()],
    )


def _cut(pairs: Mapping[str, Any], longest_key: int, longest_value: int) -> dict[str, str]:
    return {key[:longest_key]: str(value)[:longest_value] for key, value in pairs.items()}
