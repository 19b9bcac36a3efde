"""The trace store of `sqlite:///…` tracking URIs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.mlflow.entities import (
    Assessment,
    Expectation,
    Experiment,
    Feedback,
    PagedList,
    Span,
    Trace,
    TraceData,
    TraceInfo,
)
from genspan.mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store import deletion
from genspan.mlflow.store.search import (
    Comparison,
    Metadata,
    Operator,
    page_start,
    parse_filter,
    parse_order,
    token_after,
)
from genspan.mlflow.store.sqlite import (
    artifacts,
    assessments,
    deleting,
    experiments,
    infos,
    linking,
    spans,
    tagging,
)
from genspan.mlflow.store.sqlite.database import DatabaseFile
from genspan.mlflow.store.sqlite.finding import find

_logger = logging.getLogger(__name__)

MOST_RESULTS: Final = 50_000
"""Traces on one page, as in mlflow 3.17.2."""

RETRIES: Final = (1.0, 2.0)
"""Seconds to wait before looking again for a trace that is not whole yet, as MLflow does."""


class SqliteTraceStore:
    """Reads and changes traces in MLflow's SQLite file, whoever wrote them; see `TraceStore`.

    A relative path is one in the folder that is current now. Nothing is made by reading: where there is no file, there
    are no traces.
    """

    def __init__(self, uri: str) -> None:
        self._file = DatabaseFile(uri)

    def close(self) -> None:
        """Lets go of the file; whatever is asked next opens it again."""
        self._file.close()

    def get_trace(self, trace_id: str) -> Trace:
        """See `TraceStore.get_trace`. Waits for some seconds while MLflow is not done writing the trace."""
        for wait in (*RETRIES, None):
            info, stored = self._stored(trace_id)
            if not spans.are_here(info):
                return Trace(info, TraceData(artifacts.spans(info)))
            if spans.are_whole(info, len(stored)):
                return Trace(info, TraceData(spans.decoded(stored)))
            if wait is not None:
                time.sleep(wait)
        raise MlflowException(
            f"Trace with ID {trace_id} is not fully exported yet, please try again later.", RESOURCE_DOES_NOT_EXIST
        )

    def _stored(self, trace_id: str) -> tuple[TraceInfo, Sequence[str]]:
        with self._file.reading() as database:
            found = infos.read(database, [trace_id]) if database else []
            if not database or not found:
                raise _no_trace(trace_id)
            return found[0], spans.contents(database, [trace_id]).get(trace_id, [])

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
        """See `TraceStore.search_traces`. With spans, traces that are not whole yet are left out."""
        if not isinstance(max_results, int) or not 0 < max_results <= MOST_RESULTS:
            raise MlflowException.invalid_parameter_value(
                f"Invalid value {max_results} for parameter 'max_results'. It must be between 1 and {MOST_RESULTS}."
            )
        if model_id is not None and filter_string:
            raise MlflowException.invalid_parameter_value(
                "Only one of `model_id` and `filter_string` can be specified."
            )
        comparisons = [*parse_filter(filter_string), *_narrowed(run_id, model_id)]
        orders = parse_order(order_by)
        start = page_start(page_token)
        places = [_number(id) for id in experiment_ids]
        if run_id is not None:
            self._check_run(run_id, experiment_ids)
        traces: list[Trace] = []
        more = bool(places)
        while more and len(traces) < max_results:
            wanted = max_results - len(traces)
            with self._file.reading() as database:
                ids = find(database, places, comparisons, orders, start, wanted) if database else []
                found = infos.read(database, ids) if database else []
                stored = spans.contents(database, ids) if database and include_spans else {}
            start, more = start + len(ids), len(ids) == wanted
            traces.extend(_with_spans(found, stored) if include_spans else (Trace(info, TraceData()) for info in found))
        return PagedList(traces, token_after(start) if more else None)

    def _check_run(self, run_id: str, experiment_ids: Sequence[str]) -> None:
        """Raises MlflowException where the run is not of one of the experiments."""
        with self._file.reading() as database:
            experiment_id = linking.experiment_of_run(database, run_id) if database else None
        if experiment_id is None:
            raise _no_run(run_id)
        if experiment_id not in experiment_ids:
            raise MlflowException.invalid_parameter_value(
                f"Run {run_id} belongs to experiment {experiment_id}, which is not in the list of locations provided: "
                f"{list(experiment_ids)}. Please include experiment {experiment_id} in the `locations` parameter to "
                "search for traces from this run."
            )

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
        place = _number(experiment_id)
        with self._file.writing() as database:
            if database is None:
                return 0
            if max_timestamp_millis is not None:
                trace_ids = deleting.begun_until(database, place, max_timestamp_millis, max_traces)
            return deleting.delete(database, place, trace_ids or ())

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """See `TraceStore.set_trace_tag`."""
        key, value = tagging.checked(key, value)
        with self._file.writing() as database:
            if database is None or not tagging.put(database, trace_id, key, value):
                raise _no_trace(trace_id)

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """See `TraceStore.delete_trace_tag`."""
        with self._file.writing() as database:
            if database is None or not tagging.remove(database, trace_id, key):
                raise MlflowException(
                    f"No trace tag with key '{key}' for trace with ID '{trace_id}'", RESOURCE_DOES_NOT_EXIST
                )

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """See `TraceStore.link_traces_to_run`; at most 100 at once."""
        if len(trace_ids) > linking.LINKS_AT_ONCE:
            raise MlflowException.invalid_parameter_value(
                f"Cannot link more than {linking.LINKS_AT_ONCE} traces to a run in a single request. "
                f"Provided {len(trace_ids)} traces."
            )
        if not trace_ids:
            return
        with self._file.writing() as database:
            if database is None:
                raise _no_run(run_id)
            linking.link(database, trace_ids, run_id)

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """See `TraceStore.create_assessment`."""
        with self._file.writing() as database:
            created = assessments.create(database, assessment) if database else None
            if created is None:
                raise _no_trace(str(assessment.trace_id))
            return created

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """See `TraceStore.get_assessment`."""
        with self._file.reading() as database:
            found = assessments.get(database, trace_id, assessment_id) if database else None
            if found is not None:
                return found
            if not database or not infos.read(database, [trace_id]):
                raise _no_trace(trace_id)
            raise assessments.missing(trace_id, assessment_id)

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
        with self._file.writing() as database:
            before = assessments.get(database, trace_id, assessment_id) if database else None
            if not database or before is None:
                raise assessments.missing(trace_id, assessment_id)
            return assessments.update(
                database,
                before,
                name=name,
                expectation=expectation,
                feedback=feedback,
                rationale=rationale,
                metadata=metadata,
            )

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """See `TraceStore.delete_assessment`. One that is not there is no error, as with MLflow (3.17.2)."""
        with self._file.writing() as database:
            if database:
                assessments.delete(database, trace_id, assessment_id)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """See `TraceStore.get_experiment`."""
        id = _number(experiment_id)
        with self._file.reading() as database:
            found = experiments.by_id(database, id) if database else None
        if found is None:
            raise MlflowException(f"No Experiment with id={id} exists", RESOURCE_DOES_NOT_EXIST)
        return found

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """See `TraceStore.get_experiment_by_name`."""
        with self._file.reading() as database:
            return experiments.by_name(database, name) if database else None

    def create_experiment(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """See `TraceStore.create_experiment`. The file is made where there is none."""
        with self._file.making() as database:
            return experiments.create(database, name, tags or {})


def _narrowed(run_id: str | None, model_id: str | None) -> Iterator[Comparison]:
    """What the arguments beside a filter ask for."""
    for key, id in ((TraceMetadataKey.SOURCE_RUN, run_id), (TraceMetadataKey.MODEL_ID, model_id)):
        if id is not None:
            yield Comparison(Metadata(key), Operator.EQUAL, id)


def _with_spans(found: Sequence[TraceInfo], stored: spans.Contents) -> Iterator[Trace]:
    """Traces whose spans are all there and can be read."""
    for info in found:
        loaded = _spans(info, stored.get(info.trace_id, []))
        if loaded is not None:
            yield Trace(info, TraceData(loaded))


def _spans(info: TraceInfo, stored: Sequence[str]) -> list[Span] | None:
    try:
        if not spans.are_here(info):
            return artifacts.spans(info)
        return spans.decoded(stored) if spans.are_whole(info, len(stored)) else None
    except MlflowException as error:
        _logger.warning("Trace %s is left out of a search: %s", info.trace_id, error)
        return None


def _number(experiment_id: str) -> int:
    try:
        return int(experiment_id)
    except (TypeError, ValueError):
        raise MlflowException.invalid_parameter_value(
            f"Invalid experiment ID: {experiment_id!r}. Experiment IDs in a database are numbers."
        ) from None


def _no_trace(trace_id: str) -> MlflowException:
    return MlflowException(f"Trace with ID '{trace_id}' not found.", RESOURCE_DOES_NOT_EXIST)


def _no_run(run_id: str) -> MlflowException:
    return MlflowException(f"Run with id={run_id} not found", RESOURCE_DOES_NOT_EXIST)
