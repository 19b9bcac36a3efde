"""Traces of an MLflow server: what `mlflow.store.tracking.rest_store` asks of it (3.17.2)."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused, ServerFault
from genspan.mlflow.entities import (
    Assessment,
    Expectation,
    Experiment,
    Feedback,
    PagedList,
    Trace,
    TraceData,
    TraceInfo,
    TraceLocation,
)
from genspan.mlflow.exceptions import INTERNAL_ERROR, RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store import deletion
from genspan.mlflow.store.rest import messages
from genspan.mlflow.store.rest.asking import explained
from genspan.mlflow.store.rest.batches import DELETED_AT_ONCE, READ_AT_ONCE, each, in_order, parts

_logger = logging.getLogger("genspan.mlflow")

_TRACES: Final = "/api/3.0/mlflow/traces"
_TRACES_V2: Final = "/api/2.0/mlflow/traces"
_EXPERIMENTS: Final = "/api/2.0/mlflow/experiments"
_RUNS: Final = "/api/2.0/mlflow/runs"
_SPANS_FILE: Final = "/ajax-api/2.0/mlflow/get-trace-artifact"
"""A trace's spans from wherever the server has them; the UI asks so."""

_SPANS_LOCATION: Final = "mlflow.trace.spansLocation"
_TRACKING_STORE: Final = "TRACKING_STORE"


class RestTraceStore:
    """The traces of a server, at `http://` or `https://`."""

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri
        self._connection: Connection | None = None

    def get_trace(self, trace_id: str) -> Trace:
        """See `TraceStore.get_trace`. The server waits for some seconds while MLflow is not done writing the trace."""
        with self._asked() as server:
            try:
                answer = server.get(f"{_TRACES}/get", trace_id=trace_id)
            except ServerFault:  # It says so of spans that are in a file.
                info = messages.info(server.get(self._path(trace_id))["trace"]["trace_info"])
                if _is_in_tracking_store(info):
                    raise
                return Trace(info, self._file(server, info.trace_id))
            return messages.trace(answer["trace"])

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
                "filter": filter_string,
                "max_results": max_results,
                "order_by": list(order_by or ()),
                "page_token": page_token,
            }
            infos, token = self._found(server, experiment_ids, given(question))
            traces = self._with_spans(server, infos) if include_spans else [Trace(info, TraceData()) for info in infos]
            return PagedList(traces, token)

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
                int(server.post(f"{_TRACES_V2}/delete-traces", given(which | ids)).get("traces_deleted", 0))
                for ids in ([{"request_ids": ids} for ids in parts(trace_ids, DELETED_AT_ONCE)] if trace_ids else [{}])
            )

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """See `TraceStore.set_trace_tag`."""
        with self._asked() as server:
            server.patch(f"{self._path(trace_id, _TRACES_V2)}/tags", {"key": key, "value": value})

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """See `TraceStore.delete_trace_tag`."""
        with self._asked() as server:
            server.delete(f"{self._path(trace_id, _TRACES_V2)}/tags", {"key": key})

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """See `TraceStore.link_traces_to_run`. A server takes 100 at a time."""
        with self._asked() as server:
            server.post(f"{_TRACES_V2}/link-to-run", {"trace_ids": list(trace_ids), "run_id": run_id})

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """See `TraceStore.create_assessment`."""
        trace_id = assessment.trace_id or ""
        with self._asked() as server:
            return messages.assessment(
                server.post(f"{self._path(trace_id)}/assessments", {"assessment": assessment.to_dictionary()})
            )

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """See `TraceStore.get_assessment`."""
        with self._asked() as server:
            return messages.assessment(server.get(f"{self._path(trace_id)}/assessments/{quoted(assessment_id)}"))

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
        changes = given(
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
            return messages.assessment(
                server.patch(f"{self._path(trace_id)}/assessments/{quoted(assessment_id)}", body)
            )

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """See `TraceStore.delete_assessment`."""
        with self._asked() as server:
            server.delete(
                f"{self._path(trace_id)}/assessments/{quoted(assessment_id)}",
                {"trace_id": trace_id, "assessment_id": assessment_id},
            )

    def get_experiment(self, experiment_id: str) -> Experiment:
        """See `TraceStore.get_experiment`."""
        with self._asked() as server:
            return messages.experiment(server.get(f"{_EXPERIMENTS}/get", experiment_id=experiment_id))

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """See `TraceStore.get_experiment_by_name`."""
        with self._asked() as server:
            try:
                return messages.experiment(server.get(f"{_EXPERIMENTS}/get-by-name", experiment_name=name))
            except Refused as refused:
                if refused.code == RESOURCE_DOES_NOT_EXIST:
                    return None
                raise

    def create_experiment(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """See `TraceStore.create_experiment`."""
        body = {"name": name, "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}
        with self._asked() as server:
            return str(server.post(f"{_EXPERIMENTS}/create", body)["experiment_id"])

    def _path(self, trace_id: str, traces: str = _TRACES) -> str:
        return f"{traces}/{quoted(trace_id)}"

    def _connected(self) -> Connection:
        return Connection(Access.read(self._uri, os.environ))

    def _found(
        self, server: Connection, experiment_ids: Sequence[str], question: Mapping[str, Any]
    ) -> tuple[list[TraceInfo], str | None]:
        """One page of a search."""
        places = [TraceLocation.from_experiment_id(id).to_dict() for id in experiment_ids]
        answer = server.post(f"{_TRACES}/search", {"locations": places, **question})
        return [messages.info(message) for message in answer.get("traces", ())], answer.get("next_page_token") or None

    def _with_spans(self, server: Connection, infos: Sequence[TraceInfo]) -> list[Trace]:
        """The traces of infos in their order, but those that are not whole yet or were deleted meanwhile."""
        stored = [info.trace_id for info in infos if _is_in_tracking_store(info)]
        batches = each(lambda trace_ids: _batch(server, trace_ids), parts(stored, READ_AT_ONCE))
        files = self._from_files(server, [info for info in infos if not _is_in_tracking_store(info)])
        return in_order(infos, [*files, *(trace for batch in batches for trace in batch)])

    def _from_files(self, server: Connection, infos: Sequence[TraceInfo]) -> list[Trace]:
        """Traces whose spans are in files, but those whose file cannot be read."""

        def read(info: TraceInfo) -> list[Trace]:
            try:
                return [Trace(info, self._file(server, info.trace_id))]
            except (Refused, ServerFault, MlflowException, ValueError) as error:
                _logger.warning("The spans of trace %s cannot be read: %s", info.trace_id, error)
                return []

        return [trace for found in each(read, infos) for trace in found]

    def _file(self, server: Connection, trace_id: str) -> TraceData:
        # Not decoded as other answers are: MLflow writes NaN as such into the file.
        return TraceData.from_dict(json.loads(server.get_bytes(_SPANS_FILE, request_id=trace_id)))

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        """The server, whose refusals are raised as MlflowException."""
        with explained():
            if self._connection is None:
                self._connection = self._connected()
            try:
                yield self._connection
            except StoreUnavailable:
                self._connection = None  # Credentials may be set meanwhile: they are read when it is next asked.
                raise
            except (KeyError, TypeError, ValueError) as error:
                raise MlflowException(
                    f"What the MLflow server answered cannot be understood: {error!r}", INTERNAL_ERROR
                ) from error


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


def _batch(server: Connection, trace_ids: Sequence[str]) -> list[Trace]:
    return [
        messages.trace(message) for message in server.get(f"{_TRACES}/batchGet", trace_ids=trace_ids).get("traces", ())
    ]


def _is_in_tracking_store(info: TraceInfo) -> bool:
    return info.tags.get(_SPANS_LOCATION) == _TRACKING_STORE


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def quoted(part: str) -> str:
    """A part of a path, whatever it holds."""
    return quote(part, safe="")
