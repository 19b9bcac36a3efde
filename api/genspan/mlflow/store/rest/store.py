"""Traces of an MLflow server: what `mlflow.store.tracking.rest_store` asks of it (3.17.2)."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused, ServerFault
from genspan.mlflow.entities import (
    Assessment,
    Expectation,
    Experiment,
    ExperimentTag,
    Feedback,
    PagedList,
    Trace,
    TraceData,
    TraceInfo,
    TraceLocation,
)
from genspan.mlflow.exceptions import INTERNAL_ERROR, RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store import deletion
from genspan.mlflow.store.rest import otlp
from genspan.mlflow.store.rest.asking import explained

_logger = logging.getLogger("genspan.mlflow")

_TRACES: Final = "/api/3.0/mlflow/traces"
_TRACES_V2: Final = "/api/2.0/mlflow/traces"
_EXPERIMENTS: Final = "/api/2.0/mlflow/experiments"
_RUNS: Final = "/api/2.0/mlflow/runs"
_SPANS_FILE: Final = "/ajax-api/2.0/mlflow/get-trace-artifact"
"""A trace's spans from wherever the server has them; the UI asks so."""

_SPANS_LOCATION: Final = "mlflow.trace.spansLocation"
_TRACKING_STORE: Final = "TRACKING_STORE"

_READ_AT_ONCE: Final = 10
"""Traces that one request asks the spans of."""
_DELETED_AT_ONCE: Final = 100
_REQUESTS: Final = 4
"""At a time; as many as `mlflow server` has workers, unless told otherwise."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class RestTraceStore:
    """The traces of a server, at `http://`, `https://` or `databricks`."""

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri
        self._connection: Connection | None = None

    def get_trace(self, trace_id: str) -> Trace:
        """See `TraceStore.get_trace`. The server waits for some seconds while MLflow is not done writing the trace."""
        with self._asked() as server:
            try:
                answer = server.get(f"{_TRACES}/get", trace_id=trace_id)
            except StoreUnavailable:
                info = _info(server.get(f"{_TRACES}/{_quoted(trace_id)}")["trace"]["trace_info"])
                if _is_in_tracking_store(info):
                    raise
                return _from_file(server, info)
            return _trace(answer["trace"])

    def search_traces(
        self,
        *,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
        include_spans: bool = True,
        run_id: str | None = None,
        model_id: str | None = None,
    ) -> PagedList[Trace]:
        """See `TraceStore.search_traces`."""
        if model_id is not None:
            if filter_string:
                raise MlflowException.invalid_parameter_value(
                    "Cannot specify both `model_id` or `filter_string` in the search_traces call."
                )
            filter_string = f"request_metadata.`{TraceMetadataKey.MODEL_ID}` = '{model_id}'"
        with self._asked() as server:
            if run_id is not None:
                filter_string = _of_run(server, run_id, experiment_ids, filter_string)
            question = {
                "locations": [TraceLocation.from_experiment_id(id).to_dict() for id in experiment_ids],
                "filter": filter_string,
                "max_results": max_results,
                "order_by": list(order_by or ()),
                "page_token": page_token,
            }
            answer = server.post(f"{_TRACES}/search", _given(question))
            infos = [_info(message) for message in answer.get("traces", ())]
            traces = _with_spans(server, infos) if include_spans else [Trace(info, TraceData()) for info in infos]
            return PagedList(traces, answer.get("next_page_token") or None)

    def delete_traces(
        self,
        experiment_id: str,
        *,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        trace_ids: Sequence[str] | None = None,
    ) -> int:
        """See `TraceStore.delete_traces`."""
        deletion.check(max_timestamp_millis, max_traces, trace_ids)
        which = {
            "experiment_id": experiment_id,
            "max_timestamp_millis": max_timestamp_millis,
            "max_traces": max_traces,
        }
        with self._asked() as server:
            return sum(
                int(server.post(f"{_TRACES_V2}/delete-traces", _given(which | ids)).get("traces_deleted", 0))
                for ids in (
                    [{"request_ids": ids} for ids in _parts(trace_ids, _DELETED_AT_ONCE)] if trace_ids else [{}]
                )
            )

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """See `TraceStore.set_trace_tag`."""
        with self._asked() as server:
            server.patch(f"{_TRACES_V2}/{_quoted(trace_id)}/tags", {"key": key, "value": value})

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """See `TraceStore.delete_trace_tag`."""
        with self._asked() as server:
            server.delete(f"{_TRACES_V2}/{_quoted(trace_id)}/tags", {"key": key})

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """See `TraceStore.link_traces_to_run`. A server takes 100 at a time."""
        with self._asked() as server:
            server.post(f"{_TRACES_V2}/link-to-run", {"trace_ids": list(trace_ids), "run_id": run_id})

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """See `TraceStore.create_assessment`."""
        trace_id = assessment.trace_id or ""
        with self._asked() as server:
            return _assessment(
                server.post(f"{_TRACES}/{_quoted(trace_id)}/assessments", {"assessment": assessment.to_dictionary()})
            )

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """See `TraceStore.get_assessment`."""
        with self._asked() as server:
            return _assessment(server.get(_assessment_path(trace_id, assessment_id)))

    def update_assessment(
        self,
        trace_id: str,
        assessment_id: str,
        *,
        name: str | None = None,
        expectation: Expectation | None = None,
        feedback: Feedback | None = None,
        rationale: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Assessment:
        """See `TraceStore.update_assessment`."""
        if expectation is not None and feedback is not None:
            raise MlflowException.invalid_parameter_value(
                "Exactly one of `expectation` or `feedback` should be specified."
            )
        changes = _given(
            {
                "assessment_name": name,
                "expectation": expectation and expectation.to_dictionary()["expectation"],
                "feedback": feedback and feedback.to_dictionary()["feedback"],
                "rationale": rationale,
                "metadata": None if metadata is None else {key: str(value) for key, value in metadata.items()},
            }
        )
        body = {
            "assessment": {"assessment_id": assessment_id, "trace_id": trace_id, **changes},
            # A field mask: protobuf's JSON has its names in camel case.
            "update_mask": ",".join(changes).replace("assessment_name", "assessmentName"),
        }
        with self._asked() as server:
            return _assessment(server.patch(_assessment_path(trace_id, assessment_id), body))

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """See `TraceStore.delete_assessment`."""
        with self._asked() as server:
            server.delete(
                _assessment_path(trace_id, assessment_id), {"trace_id": trace_id, "assessment_id": assessment_id}
            )

    def get_experiment(self, experiment_id: str) -> Experiment:
        """See `TraceStore.get_experiment`."""
        with self._asked() as server:
            return _experiment(server.get(f"{_EXPERIMENTS}/get", experiment_id=experiment_id))

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """See `TraceStore.get_experiment_by_name`."""
        with self._asked() as server:
            try:
                return _experiment(server.get(f"{_EXPERIMENTS}/get-by-name", experiment_name=name))
            except Refused as refused:
                if refused.code == RESOURCE_DOES_NOT_EXIST:
                    return None
                raise

    def create_experiment(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """See `TraceStore.create_experiment`."""
        body = {"name": name, "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}
        with self._asked() as server:
            return str(server.post(f"{_EXPERIMENTS}/create", body)["experiment_id"])

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        """The server, whose refusals are raised as MlflowException."""
        with explained():
            if self._connection is None:
                self._connection = _connected(self._uri)
            try:
                yield self._connection
            except StoreUnavailable:
                self._connection = None  # Credentials may be set meanwhile: they are read when it is next asked.
                raise
            except (KeyError, TypeError, ValueError) as error:
                raise MlflowException(
                    f"What the MLflow server answered cannot be understood: {error!r}", INTERNAL_ERROR
                ) from error


def _connected(uri: str) -> Connection:
    if urlsplit(uri).scheme in ("http", "https"):
        return Connection(Access.read(uri, os.environ))
    from genspan.exporters.mlflow.stores.databricks import credentials
    from genspan.exporters.mlflow.stores.databricks.workspace import Workspace

    return Workspace(credentials.find(credentials.profile_in(uri), os.environ), os.environ)


def _of_run(server: Connection, run_id: str, experiment_ids: Sequence[str], filter_string: str | None) -> str:
    """The filter for traces of a run, on top of another, with the checks of MLflow's client."""
    experiment_id = server.get(f"{_RUNS}/get", run_id=run_id)["run"]["info"]["experiment_id"]
    if experiment_id not in experiment_ids:
        raise MlflowException.invalid_parameter_value(
            f"Run {run_id} belongs to experiment {experiment_id}, which is not in the list of locations provided: "
            f"{list(experiment_ids)}. Please include experiment {experiment_id} in the `locations` parameter to search "
            "for traces from this run."
        )
    of_run = f"attribute.run_id = '{run_id}'"
    if not filter_string:
        return of_run
    if TraceMetadataKey.SOURCE_RUN in filter_string:
        raise MlflowException.invalid_parameter_value(
            "You cannot filter by run_id when it is already part of the filter string. Please remove the "
            f"{TraceMetadataKey.SOURCE_RUN} filter from the filter string and try again."
        )
    return f"{filter_string} AND {of_run}"


def _with_spans(server: Connection, infos: Sequence[TraceInfo]) -> list[Trace]:
    """The traces of infos, in their order, but those that MLflow is not done writing or that were deleted meanwhile."""
    stored = [info.trace_id for info in infos if _is_in_tracking_store(info)]
    elsewhere = [info for info in infos if not _is_in_tracking_store(info)]
    batches = _each(lambda trace_ids: _batch(server, trace_ids), _parts(stored, _READ_AT_ONCE))
    files = _each(lambda info: _from_file_if_there(server, info), elsewhere)
    found = {trace.trace_id: trace for traces in (*batches, *files) for trace in traces}
    return [found[info.trace_id] for info in infos if info.trace_id in found]


def _batch(server: Connection, trace_ids: Sequence[str]) -> list[Trace]:
    return [_trace(message) for message in server.get(f"{_TRACES}/batchGet", trace_ids=trace_ids).get("traces", ())]


def _from_file_if_there(server: Connection, info: TraceInfo) -> list[Trace]:
    try:
        return [_from_file(server, info)]
    except (Refused, ServerFault, MlflowException, ValueError) as error:
        _logger.warning("The spans of trace %s cannot be read: %s", info.trace_id, error)
        return []


def _from_file(server: Connection, info: TraceInfo) -> Trace:
    # Not decoded as other answers are: MLflow writes NaN as such into the file.
    return Trace(info, TraceData.from_dict(json.loads(server.get_bytes(_SPANS_FILE, request_id=info.trace_id))))


def _is_in_tracking_store(info: TraceInfo) -> bool:
    return info.tags.get(_SPANS_LOCATION) == _TRACKING_STORE


def _trace(message: Mapping[str, Any]) -> Trace:
    return Trace(_info(message["trace_info"]), TraceData([otlp.span(span) for span in message.get("spans", ())]))


def _info(message: Mapping[str, Any]) -> TraceInfo:
    return TraceInfo.from_dict(message)


def _assessment(answer: Mapping[str, Any]) -> Assessment:
    return Assessment.from_dictionary(answer["assessment"])


def _assessment_path(trace_id: str, assessment_id: str) -> str:
    return f"{_TRACES}/{_quoted(trace_id)}/assessments/{_quoted(assessment_id)}"


def _experiment(answer: Mapping[str, Any]) -> Experiment:
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


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _parts(items: Sequence[Item], size: int) -> Iterable[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _each(ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """What is answered for every item, several at a time."""
    from concurrent.futures import ThreadPoolExecutor

    waiting = list(items)
    if len(waiting) < 2:
        return [ask(item) for item in waiting]
    with ThreadPoolExecutor(_REQUESTS, thread_name_prefix="genspan-mlflow") as pool:
        return list(pool.map(ask, waiting))
