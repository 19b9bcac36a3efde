"""What a server's messages say, as entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genspan.mlflow.entities import Assessment, Experiment, ExperimentTag, Trace, TraceData, TraceInfo
from genspan.mlflow.entities.trace_id import LOCATED_PREFIX
from genspan.mlflow.store.rest import otlp


def trace(message: Mapping[str, Any], place: str | None = None) -> Trace:
    """A trace, of a place in Unity Catalog if one is given."""
    return Trace(
        info(message["trace_info"], place), TraceData([otlp.span(span, place) for span in message.get("spans", ())])
    )


def info(message: Mapping[str, Any], place: str | None = None) -> TraceInfo:
    """What is known of a trace, of a place in Unity Catalog if one is given."""
    if place is None:
        return TraceInfo.from_dict(message)
    # There, ids on the wire do not say where a trace is.
    trace_id = f"{LOCATED_PREFIX}{place}/{message['trace_id']}"
    judged = [one | {"trace_id": trace_id} for one in message.get("assessments", ())]
    return TraceInfo.from_dict({**message, "trace_id": trace_id, "assessments": judged})


def assessment(answer: Mapping[str, Any]) -> Assessment:
    """Feedback or an expectation."""
    return Assessment.from_dictionary(answer["assessment"])


def experiment(answer: Mapping[str, Any]) -> Experiment:
    """An experiment."""
    fields = answer["experiment"]
    return Experiment(
        experiment_id=fields["experiment_id"],
        name=fields.get("name", ""),
        artifact_location=fields.get("artifact_location"),
        lifecycle_stage=fields.get("lifecycle_stage", "active"),
        tags=[ExperimentTag(tag["key"], tag.get("value", "")) for tag in fields.get("tags", ())],
        creation_time=fields.get("creation_time"),
        last_update_time=fields.get("last_update_time"),
    )
