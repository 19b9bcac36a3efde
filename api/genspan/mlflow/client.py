"""`MlflowClient`: traces by their ids, from any thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from . import assessments, reading, settings
from .entities import Link, PagedList, SpanStatus, SpanType, Trace
from .exceptions import BAD_REQUEST, RESOURCE_DOES_NOT_EXIST, MlflowException
from .notebook import display as notebook
from .store import open_store
from .store.contract import TraceStore
from .tracing.fluent import AnySpan, get_current_active_span, start_span_no_context
from .tracing.live_span import NO_OP_SPAN_TRACE_ID, LiveSpan, NoOpSpan
from .tracing.under_way import open_root, open_span

if TYPE_CHECKING:
    from .entities import Assessment, Experiment

MOST_OPEN: Final = 10_000
"""Spans that clients have begun and not ended; beyond them the oldest is left to whoever holds it."""

_open: OrderedDict[tuple[str, str], LiveSpan] = OrderedDict()
_lock = threading.Lock()


class MlflowClient:
    """MLflow's client, as far as tracing goes. A `tracking_uri` is where it reads: spans go where the process's go.

    `request_id` is accepted for `trace_id` everywhere, as before MLflow 3.
    """

    def __init__(self, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        self._tracking_uri = tracking_uri

    @property
    def tracking_uri(self) -> str:
        """Where this client reads."""
        return self._tracking_uri or settings.tracking_uri()

    @property
    def _store(self) -> TraceStore:
        return open_store(self.tracking_uri)

    def start_trace(
        self,
        name: str,
        span_type: str = SpanType.UNKNOWN,
        inputs: Any | None = None,
        attributes: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        experiment_id: str | None = None,
        start_time_ns: int | None = None,
        run_id: str | None = None,
        links: Sequence[Link] | None = None,
    ) -> AnySpan:
        """Begins a trace and answers its root span, which `end_trace` ends.

        Raises MlflowException where a trace is under way in this context already.
        """
        current = get_current_active_span()
        if current is not None:
            raise MlflowException(
                f"The trace {current.trace_id} is under way here. Use `with mlflow.start_span()` or "
                "`MlflowClient.start_span()` for a span below it, or `start_trace` outside of it.",
                error_code=BAD_REQUEST,
            )
        return _kept(
            start_span_no_context(
                name,
                span_type,
                inputs=inputs,
                attributes=attributes,
                tags=tags,
                metadata={"mlflow.sourceRun": run_id} if run_id is not None else None,
                experiment_id=experiment_id,
                start_time_ns=start_time_ns,
                links=links,
            )
        )

    def end_trace(
        self,
        trace_id: str | None = None,
        outputs: Any | None = None,
        attributes: Mapping[str, Any] | None = None,
        status: SpanStatus | str = "OK",
        end_time_ns: int | None = None,
        *,
        request_id: str | None = None,
    ) -> None:
        """Ends the root span of a trace. Raises MlflowException where the trace is unknown or has ended."""
        trace_id = _either(trace_id, request_id)
        if trace_id == NO_OP_SPAN_TRACE_ID:
            return
        root = open_root(trace_id)
        if root is None:
            found = reading.get_trace(trace_id, silent=True, flush=True)
            if found is None:
                raise MlflowException(f"Trace with ID {trace_id} not found.", error_code=RESOURCE_DOES_NOT_EXIST)
            raise MlflowException.invalid_parameter_value(f"Trace with ID {trace_id} already finished.")
        _end(LiveSpan(root), outputs, attributes, status, end_time_ns)

    def start_span(
        self,
        name: str,
        trace_id: str | None = None,
        parent_id: str | None = None,
        span_type: str = SpanType.UNKNOWN,
        inputs: Any | None = None,
        attributes: Mapping[str, Any] | None = None,
        start_time_ns: int | None = None,
        links: Sequence[Link] | None = None,
        *,
        request_id: str | None = None,
    ) -> AnySpan:
        """Begins a span below another of the same trace, which must be under way. `end_span` ends it."""
        trace_id = _either(trace_id, request_id)
        if trace_id == NO_OP_SPAN_TRACE_ID:
            return NoOpSpan()
        if not parent_id:
            raise MlflowException.invalid_parameter_value(
                "start_span() needs the parent's id: give `parent_id`, or begin a trace with start_trace()."
            )
        parent = open_span(trace_id, parent_id)
        if parent is None:
            raise MlflowException(f"Parent span with ID '{parent_id}' not found.", error_code=RESOURCE_DOES_NOT_EXIST)
        return _kept(
            start_span_no_context(
                name,
                span_type,
                parent_span=LiveSpan(parent),
                inputs=inputs,
                attributes=attributes,
                start_time_ns=start_time_ns,
                links=links,
            )
        )

    def end_span(
        self,
        trace_id: str | None = None,
        span_id: str | None = None,
        outputs: Any | None = None,
        attributes: Mapping[str, Any] | None = None,
        status: SpanStatus | str = "OK",
        end_time_ns: int | None = None,
        *,
        request_id: str | None = None,
    ) -> None:
        """Ends a span; one that has ended already, or is unknown, is left as it is."""
        found = open_span(_either(trace_id, request_id), span_id or "")
        if found is not None:
            _end(LiveSpan(found), outputs, attributes, status, end_time_ns)

    def get_trace(
        self, trace_id: str | None = None, display: bool = True, flush: bool = False, *, request_id: str | None = None
    ) -> Trace:
        """A trace with all its spans, in a notebook shown under the cell unless `display` is False.

        Raises MlflowException where there is none.
        """
        reading.flush_pending()
        found = self._store.get_trace(_either(trace_id, request_id))
        if display:
            notebook.show([found])
        return found

    def search_traces(
        self,
        experiment_ids: Sequence[str] | None = None,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
        run_id: str | None = None,
        include_spans: bool = True,
        model_id: str | None = None,
        locations: Sequence[str] | None = None,
        flush: bool = False,
    ) -> PagedList[Trace]:
        """One page of the traces that a filter names; its `token` is the next page's `page_token`."""
        reading.flush_pending()
        return self._store.search_traces(
            experiment_ids=experiment_ids or locations or [settings.experiment_id()],
            filter_string=filter_string,
            max_results=max_results,
            order_by=order_by,
            page_token=page_token,
            include_spans=include_spans,
            run_id=run_id,
            model_id=model_id,
        )

    def delete_traces(
        self,
        experiment_id: str,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        trace_ids: Sequence[str] | None = None,
        *,
        request_ids: Sequence[str] | None = None,
    ) -> int:
        """Deletes traces by id, or those that began up to a time; answers how many."""
        reading.flush_pending()
        return self._store.delete_traces(
            experiment_id,
            max_timestamp_millis=max_timestamp_millis,
            max_traces=max_traces,
            trace_ids=trace_ids or request_ids,
        )

    def set_trace_tag(
        self, trace_id: str | None = None, key: str = "", value: str = "", *, request_id: str | None = None
    ) -> None:
        """Sets a tag of a trace, under way or ended."""
        reading.set_trace_tag(_either(trace_id, request_id), key, value)

    def delete_trace_tag(self, trace_id: str | None = None, key: str = "", *, request_id: str | None = None) -> None:
        """Removes a tag of a trace."""
        reading.delete_trace_tag(_either(trace_id, request_id), key)

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Says that traces belong to a run."""
        reading.flush_pending()
        self._store.link_traces_to_run(trace_ids, run_id)

    def log_assessment(self, trace_id: str, assessment: Assessment) -> Assessment:
        """Stores feedback or an expectation."""
        return assessments.log_assessment(trace_id, assessment)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """An experiment by id."""
        return self._store.get_experiment(experiment_id)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """An experiment by name; None where there is none."""
        return self._store.get_experiment_by_name(name)

    def create_experiment(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """Makes an experiment; answers its id."""
        return self._store.create_experiment(name, tags)


def _either(trace_id: str | None, request_id: str | None) -> str:
    given = trace_id or request_id
    if not given:
        raise MlflowException.invalid_parameter_value("Give the trace's id: `trace_id='tr-…'`.")
    return given


def _kept(span: AnySpan) -> AnySpan:
    """The span, held here until it ends: its maker may keep no more than the ids."""
    if isinstance(span, LiveSpan):
        with _lock:
            _open[span.trace_id, span.span_id] = span
            if len(_open) > MOST_OPEN:
                _open.popitem(last=False)
    return span


def _end(
    span: LiveSpan,
    outputs: Any | None,
    attributes: Mapping[str, Any] | None,
    status: SpanStatus | str,
    end_time_ns: int | None,
) -> None:
    with _lock:
        _open.pop((span.trace_id, span.span_id), None)
    span.end(outputs=outputs, attributes=dict(attributes or {}), status=status, end_time_ns=end_time_ns)
