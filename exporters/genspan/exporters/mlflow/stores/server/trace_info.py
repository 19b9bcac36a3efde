"""MLflow's trace info over REST: what is known of a whole trace, said and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from genspan.exporters.mlflow.keys import TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.connection import Connection, Forbidden, Refused
from genspan.exporters.mlflow.translate import usage_text
from genspan.semconv.encoding import encode

TRACES: Final = "/api/3.0/mlflow/traces"
IDS_PER_REQUEST: Final = 100
LONGEST_PREVIEW: Final = 1000
"""Characters (`TRACE_REQUEST_RESPONSE_PREVIEW_MAX_LENGTH_OSS`)."""
ENDED: Final = frozenset({"OK", "ERROR"})


@dataclass(frozen=True, slots=True)
class StoredInfo:
    """What the server holds of a trace."""

    experiment_id: str
    state: str
    client_request_id: str | None
    tags: Mapping[str, str]
    metadata: Mapping[str, str]

    @property
    def is_ended(self) -> bool:
        """Whether a root has come."""
        return self.state in ENDED


def look_up(connection: Connection, trace_ids: Sequence[str], experiment_id: str) -> dict[str, StoredInfo]:
    """What the server holds of these traces; those that it does not know are left out.

    Raises StoreUnavailable.
    """
    found = {}
    for first in range(0, len(trace_ids), IDS_PER_REQUEST):
        some = trace_ids[first : first + IDS_PER_REQUEST]
        try:
            answer = connection.post(f"{TRACES}/batchGetInfos", {"trace_ids": some})
        except Refused as refused:  # No fault of the traces: nothing of them has been sent.
            raise StoreUnavailable(f"MLflow does not say which traces it holds: {refused}") from refused
        except Forbidden:
            # With users and passwords, MLflow (3.17.2) lets its admin alone ask for traces that are not all there.
            answer = {"trace_infos": _search(connection, some, experiment_id)}
        for info in answer.get("trace_infos", ()):
            found[info["trace_id"]] = stored(info)
    return found


def _search(connection: Connection, trace_ids: Sequence[str], experiment_id: str) -> list[dict[str, Any]]:
    """The infos of those of the traces that are in the experiment."""
    query = {
        "locations": [in_experiment(experiment_id)],
        "filter": f"request_id IN ({', '.join(map(repr, trace_ids))})",
        "max_results": len(trace_ids),
    }
    try:
        traces: list[dict[str, Any]] = connection.post(f"{TRACES}/search", query).get("traces", [])
    except Refused as refused:
        raise StoreUnavailable(f"MLflow does not say which traces it holds: {refused}") from refused
    return traces


def state(connection: Connection, trace: MlflowTrace, experiment_id: str) -> None:
    """States the facts of a whole trace: MLflow's StartTraceV3, which comes at a trace's end in spite of its name.

    Tags and metadata are added to what is there; all else replaces it, where it is known.
    """
    connection.post(TRACES, {"trace": {"trace_info": described(trace, experiment_id)}})


def described(trace: MlflowTrace, experiment_id: str) -> dict[str, Any]:
    """The facts of a trace as MLflow's `TraceInfoV3`, in protobuf's JSON."""
    return located(trace, in_experiment(experiment_id))


def in_experiment(experiment_id: str) -> dict[str, Any]:
    """MLflow's `TraceLocation` of the traces of an experiment."""
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}


def located(trace: MlflowTrace, location: Mapping[str, Any], longest_preview: int = LONGEST_PREVIEW) -> dict[str, Any]:
    """The facts of a trace that is at a location, in protobuf's JSON."""
    facts = {
        "trace_id": trace.trace_id,
        "trace_location": location,
        "request_time": _timestamp(trace.request_time),
        "execution_duration": None if trace.execution_duration is None else _duration(trace.execution_duration),
        "state": trace.state,
        "request_preview": _cut(trace.request_preview, longest_preview),
        "response_preview": _cut(trace.response_preview, longest_preview),
        "client_request_id": _cut(trace.client_request_id, 50),
        "tags": dict(trace.tags) | ({TraceTagKey.TRACE_NAME: trace.name} if trace.name else {}),
        "trace_metadata": _metadata(trace),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _metadata(trace: MlflowTrace) -> dict[str, str]:
    """Metadata with the facts that MLflow makes columns of: session, tokens and cost."""
    facts = dict(trace.metadata)
    if trace.session_id:
        facts[TraceMetadataKey.TRACE_SESSION] = trace.session_id
    if trace.usage is not None:
        facts[TraceMetadataKey.TOKEN_USAGE] = usage_text(trace.usage)
    if trace.cost is not None:
        facts[TraceMetadataKey.COST] = encode(trace.cost)
    return facts


def stored(info: Mapping[str, Any]) -> StoredInfo:
    """What a `TraceInfoV3` in protobuf's JSON says. Raises StoreUnavailable where it is not one."""
    try:
        return StoredInfo(
            experiment_id=info["trace_location"]["mlflow_experiment"]["experiment_id"],
            state=info["state"],
            client_request_id=info.get("client_request_id"),
            tags=info.get("tags", {}),
            metadata=info.get("trace_metadata", {}),
        )
    except (KeyError, TypeError) as error:
        raise StoreUnavailable(f"The server describes a trace in words that are not MLflow's: no {error}.") from error


def _timestamp(milliseconds: int) -> str:
    """RFC 3339, as protobuf's JSON has it."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def _duration(milliseconds: int) -> str:
    """Seconds, as protobuf's JSON has them."""
    sign, (seconds, rest) = "-" if milliseconds < 0 else "", divmod(abs(milliseconds), 1000)
    return f"{sign}{seconds}.{rest:03d}s"


def _cut(text: str | None, width: int) -> str | None:
    return text and text[:width]
