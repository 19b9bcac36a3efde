"""Traces in an experiment of a workspace: MLflow's facts of each, and its spans as one file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.databricks.artifacts import Artifacts
from genspan.exporters.mlflow.stores.databricks.facts import described, lengthened, with_long_previews
from genspan.exporters.mlflow.stores.isolating import fitted
from genspan.exporters.mlflow.stores.server import stored_spans, trace_info
from genspan.exporters.mlflow.stores.server.connection import EXISTING, MISSING, Connection, Refused
from genspan.exporters.mlflow.stores.server.joining import joined
from genspan.exporters.mlflow.stores.server.parallel import each
from genspan.exporters.mlflow.stores.server.trace_info import StoredInfo
from genspan.exporters.mlflow.stores.sqlite import span_content
from genspan.exporters.mlflow.trace_size import byte_count, with_size

_OLD_TRACES: Final = "/api/2.0/mlflow/traces"


class ExperimentTraces:
    """Writes traces to one experiment, each by four requests: is it there, its facts, where its spans go, its spans.

    A file holds all spans of a trace, so the parts of a trace that comes in parts are put together with what the file
    holds. Nothing is kept back until the root comes: what has been exported survives the program, and a trace shows as
    in progress until then. Two processes that write parts of one trace in the same moment may lose a part: Databricks
    has no way to write a file only where it has not changed.
    """

    def __init__(self, workspace: Connection, artifacts: Artifacts, experiment_id: str) -> None:
        self._workspace = workspace
        self._artifacts = artifacts
        self._experiment_id = experiment_id

    def write(self, traces: Sequence[MlflowTrace]) -> None:
        """Writes traces, each apart from the others. Raises Refused, ServerFault, Unfit or StoreUnavailable."""
        each(self._write, traces)

    def _write(self, trace: MlflowTrace) -> None:
        own = fitted([trace], _contents)
        before = self._look_up(trace.trace_id)
        if before is None:
            sized = with_size(with_long_previews(trace), map(byte_count, own.values()))
            self._state(sized, self._experiment_id)
            self._artifacts.upload(trace.trace_id, own.values())
            return
        earlier = _by_id(self._artifacts.download(trace.trace_id))
        contents = {id: span_content.rewrite(span) for id, span in earlier.items()} | own
        whole = joined(trace, _read(trace, earlier), before)
        sized = with_size(whole, map(byte_count, contents.values()), before.tags, before.metadata)
        self._state(sized, before.experiment_id)
        self._artifacts.upload(trace.trace_id, contents.values())

    def _look_up(self, trace_id: str) -> StoredInfo | None:
        try:
            answer = self._workspace.get(f"{trace_info.TRACES}/{trace_id}")
        except Refused as refused:
            if refused.status == 404 or refused.code == MISSING:
                return None
            raise StoreUnavailable(f"Databricks does not say whether it holds trace {trace_id}: {refused}") from refused
        return trace_info.stored(answer.get("trace", {}).get("trace_info"))

    def _state(self, trace: MlflowTrace, experiment_id: str) -> None:
        """By MLflow's StartTraceV3, and by its EndTrace where the trace is there and may not be started twice."""
        info = described(trace, trace_info.in_experiment(experiment_id))
        try:
            self._workspace.post(trace_info.TRACES, {"trace": {"trace_info": info}})
        except Refused as refused:
            if refused.code != EXISTING:
                raise
            self._workspace.patch(f"{_OLD_TRACES}/{trace.trace_id}", _ending(trace, info))


def _contents(traces: Sequence[MlflowTrace]) -> dict[str, str]:
    """The contents of spans by the ids that stand in them."""
    return {
        b64encode(bytes.fromhex(span.span_id)).decode(): span_content.write(span)
        for trace in traces
        for span in trace.spans
    }


def _by_id(contents: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Contents by the ids in them; those of MLflow before 3.0, which have none there, each by itself."""
    return {content.get("span_id") or f"#{number}": content for number, content in enumerate(contents)}


def _read(trace: MlflowTrace, earlier: Mapping[str, Mapping[str, Any]]) -> list[MlflowSpan]:
    """All spans of a trace: this part's, and those that the file holds besides."""
    spans = {span.span_id: span for span in (*stored_spans.read(earlier.values()), *trace.spans)}
    return [lengthened(replace(span)) for span in spans.values()]


def _ending(trace: MlflowTrace, info: Mapping[str, Any]) -> dict[str, Any]:
    """What MLflow's API 2.0 says at the end of a trace; it knows no previews."""
    return {
        "request_id": trace.trace_id,
        "timestamp_ms": trace.request_time + (trace.execution_duration or 0),
        "status": trace.state,
        "request_metadata": _pairs(info["trace_metadata"]),
        "tags": _pairs(info["tags"]),
    }


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
