"""What MLflow's API asks of the place where traces are: to read, find, tag, judge and delete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from genspan.mlflow.entities import (
    Assessment,
    Expectation,
    Experiment,
    Feedback,
    PagedList,
    Trace,
)


class TraceStore(Protocol):
    """Traces of one tracking URI. Safe to use from several threads.

    Every method raises `MlflowException` with MLflow's error codes: RESOURCE_DOES_NOT_EXIST for a trace, assessment or
    experiment that is not there, INVALID_PARAMETER_VALUE for what cannot be understood, TEMPORARILY_UNAVAILABLE where
    the place cannot be reached.
    """

    def get_trace(self, trace_id: str) -> Trace:
        """One trace with all its spans."""
        ...

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
        """One page of the traces that MLflow's filter names, the latest first unless `order_by` says otherwise."""
        ...

    def delete_traces(
        self,
        experiment_id: str,
        *,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        trace_ids: Sequence[str] | None = None,
    ) -> int:
        """Deletes traces, either by id or those that began up to a time (the oldest first); answers how many."""
        ...

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """Sets a tag, in place of one of that key."""
        ...

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """Removes a tag."""
        ...

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Says that traces belong to a run."""
        ...

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """Stores feedback or an expectation; answers it with its id and times."""
        ...

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment."""
        ...

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
        """Changes what is given of an assessment; answers it whole."""
        ...

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Deletes an assessment; one that it had overridden counts again."""
        ...

    def get_experiment(self, experiment_id: str) -> Experiment:
        """One experiment by id."""
        ...

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """One experiment by name; None where there is none."""
        ...

    def create_experiment(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """Makes an experiment; answers its id. RESOURCE_ALREADY_EXISTS where the name is taken."""
        ...
