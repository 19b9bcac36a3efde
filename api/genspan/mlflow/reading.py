"""Traces read back, and their tags."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal

from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey
from genspan.mlflow import settings
from genspan.mlflow.entities import PagedList, Session, Trace
from genspan.mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store import open_store

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]
    from opentelemetry.sdk.trace import Span

    from genspan.mlflow.store.contract import TraceStore

_logger = logging.getLogger("genspan.mlflow")

PAGE: Final = 100
"""Traces that a store is asked for at a time."""

ARCHIVAL_FAILURE: Final = "mlflow.trace.archivalFailure"

IMMUTABLE_TAGS: Final = frozenset(
    {
        "mlflow.user",
        "mlflow.artifactLocation",
        "mlflow.trace.spansLocation",
        "mlflow.trace.archiveLocation",
        ARCHIVAL_FAILURE,
    }
)
"""Tags by which MLflow finds a trace's parts, and which users do not change."""


def search_traces(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = None,
    order_by: list[str] | None = None,
    extract_fields: list[str] | None = None,
    run_id: str | None = None,
    return_type: Literal["pandas", "list"] | None = None,
    model_id: str | None = None,
    sql_warehouse_id: str | None = None,
    include_spans: bool = True,
    locations: list[str] | None = None,
    flush: bool = False,
) -> pandas.DataFrame | list[Trace]:
    """The traces that MLflow's filter names, the latest first unless `order_by` says otherwise; all, or `max_results`.

    They are those of experiments whose ids `locations` (or `experiment_ids`, its older name) holds, else of the
    experiment in use. The answer is a DataFrame where pandas is installed and `return_type` is not `list`;
    `extract_fields` adds columns to it, such as `span_name.inputs` or `span_name.outputs.key`. What this process has
    traced is there, with or without `flush`. Raises MlflowException where the filter cannot be understood.
    """
    if sql_warehouse_id is not None:
        warnings.warn(
            "The `sql_warehouse_id` parameter is deprecated: set MLFLOW_TRACING_SQL_WAREHOUSE_ID.",
            FutureWarning,
            stacklevel=2,
        )
        os.environ["MLFLOW_TRACING_SQL_WAREHOUSE_ID"] = sql_warehouse_id
    is_table = _is_table(return_type, extract_fields)
    searched = _locations(locations if locations is not None else experiment_ids)
    flush_pending()
    traces = _every(
        searched,
        max_results,
        filter_string=filter_string,
        order_by=order_by,
        include_spans=include_spans,
        run_id=run_id,
        model_id=model_id,
    )
    if not is_table:
        return traces
    from genspan.mlflow.dataframe import dataframe

    return dataframe(traces, extract_fields)


def get_trace(trace_id: str, silent: bool = False, flush: bool = False) -> Trace | None:
    """A trace with its spans; None where it cannot be had, which is logged unless `silent`.

    What this process has traced is there, with or without `flush`.
    """
    flush_pending()
    try:
        return _store().get_trace(_full_id(trace_id))
    except MlflowException as error:
        if not silent:
            _logger.warning("Trace %s cannot be read: %s", trace_id, error)
            _logger.debug("Reading it failed", exc_info=True)
        return None


def search_sessions(
    max_results: int = 100,
    run_id: str | None = None,
    model_id: str | None = None,
    include_spans: bool = True,
    locations: list[str] | None = None,
) -> list[Session]:
    """Whole sessions, those with the latest traces first; the traces of one in order of their time.

    They are looked for in experiments whose ids `locations` holds, else in the experiment in use.
    """
    searched = _locations(locations)
    flush_pending()
    return [
        Session(traces)
        for session_id in _session_ids(searched, max_results, run_id=run_id, model_id=model_id)
        if (traces := _of_session(session_id, searched, include_spans, run_id=run_id, model_id=model_id))
    ]


def set_trace_tag(trace_id: str, key: str, value: str) -> None:
    """Sets a tag of a trace, one that is under way or one that has ended.

    Raises MlflowException where there is no such trace.
    """
    if key in IMMUTABLE_TAGS:
        _logger.warning("Tag %r is MLflow's own and cannot be set on a trace", key)
        return
    root = _under_way(trace_id)
    if root is not None:
        root.set_attribute(f"{SpanAttributeKey.TRACE_TAG_PREFIX}{key}", str(value))
        return
    flush_pending()
    _store().set_trace_tag(trace_id, key, str(value))


def delete_trace_tag(trace_id: str, key: str) -> None:
    """Removes a tag of a trace, one that is under way or one that has ended.

    Raises MlflowException where there is no such trace, or the trace has no such tag.
    """
    if key in IMMUTABLE_TAGS - {ARCHIVAL_FAILURE}:  # Without that one, archiving is tried again.
        _logger.warning("Tag %r is MLflow's own and cannot be deleted on a trace", key)
        return
    root = _under_way(trace_id)
    if root is None:
        flush_pending()
        _store().delete_trace_tag(trace_id, key)
        return
    # OpenTelemetry has no way to remove an attribute of a span.
    attributes: Any = root._attributes
    try:
        del attributes[f"{SpanAttributeKey.TRACE_TAG_PREFIX}{key}"]
    except KeyError:
        raise MlflowException(
            f"Tag with key {key} not found in trace with ID {trace_id}.", RESOURCE_DOES_NOT_EXIST
        ) from None


def flush_pending() -> bool:
    """Writes what this process has traced so far; False where it traces nothing."""
    # Who only reads does not wait for OpenTelemetry's SDK to be imported.
    if "genspan.exporters.mlflow.exporter" not in sys.modules:
        return False
    from genspan.mlflow.tracing import provider

    provider.flush()
    return True


def when_ended(trace_id: str, do: Callable[[], None]) -> bool:
    """Has something done once a trace has ended that is under way in this process; False where it is not."""
    under_way = sys.modules.get("genspan.mlflow.tracing.under_way")
    return under_way is not None and under_way.when_ended(trace_id, do)


def _under_way(trace_id: str) -> Span | None:
    """The root span of a trace that has not ended in this process."""
    under_way = sys.modules.get("genspan.mlflow.tracing.under_way")
    return None if under_way is None else under_way.open_root(trace_id)


def _store() -> TraceStore:
    return open_store(settings.tracking_uri())


def _full_id(trace_id: str) -> str:
    """The id by which a trace of this process is found: its spans do not know of tables that their experiment has."""
    uri = settings.tracking_uri()
    if not uri.startswith("databricks"):
        return trace_id
    from genspan.mlflow.store.rest.databricks import DatabricksTraceStore

    store = open_store(uri)
    return store.id_in(settings.experiment_id(), trace_id) if isinstance(store, DatabricksTraceStore) else trace_id


def _is_table(given: str | None, extract_fields: Sequence[str] | None) -> bool:
    """Whether a DataFrame is asked for. Raises MlflowException where it cannot be made, or for any other type."""
    has_pandas = find_spec("pandas") is not None
    return_type = given or ("pandas" if has_pandas else "list")
    if return_type not in ("pandas", "list"):
        raise MlflowException.invalid_parameter_value(
            f"Invalid return type: {return_type}. Return type must be either 'pandas' or 'list'."
        )
    if return_type == "list" and extract_fields:
        raise MlflowException.invalid_parameter_value(
            "The `extract_fields` parameter is only supported when return type is set to 'pandas'."
        )
    if return_type == "pandas" and not has_pandas:
        raise MlflowException(
            "The `pandas` library is not installed. Please install `pandas` to use the `return_type='pandas'` option, "
            "or set `return_type='list'`."
        )
    return return_type == "pandas"


def _locations(given: Any) -> list[str]:
    if given is not None and not isinstance(given, list):
        raise MlflowException.invalid_parameter_value(
            f"locations must be a list, got {type(given).__name__}. Did you mean to use locations=[{given!r}]?"
        )
    return [str(location) for location in given or [settings.experiment_id()]]


def _every(experiment_ids: Sequence[str], max_results: int | None, **question: Any) -> list[Trace]:
    """All that a search finds, or the first `max_results` of it, page after page."""
    store = _store()
    found: list[Trace] = []
    token = None
    while max_results is None or len(found) < max_results:
        size = PAGE if max_results is None else min(PAGE, max_results - len(found))
        page = store.search_traces(experiment_ids=experiment_ids, max_results=size, page_token=token, **question)
        found += page
        token = page.token
        if not token:
            break
    return found


def _session_ids(experiment_ids: Sequence[str], max_results: int, **question: Any) -> list[str]:
    """The ids of sessions, in order of their latest traces."""
    store = _store()
    ids: dict[str, None] = {}
    token = None
    while len(ids) < max_results:
        page: PagedList[Trace] = store.search_traces(
            experiment_ids=experiment_ids,
            max_results=PAGE,
            order_by=["timestamp DESC"],
            page_token=token,
            include_spans=False,
            **question,
        )
        sessions = (trace.info.trace_metadata.get(TraceMetadataKey.TRACE_SESSION) for trace in page)
        ids |= dict.fromkeys(session for session in sessions if session)
        token = page.token
        if not token:
            break
    return list(ids)[:max_results]


def _of_session(session_id: str, experiment_ids: Sequence[str], include_spans: bool, **question: Any) -> list[Trace]:
    quote = '"' if "'" in session_id else "'"
    return _every(
        experiment_ids,
        None,
        filter_string=f"metadata.`{TraceMetadataKey.TRACE_SESSION}` = {quote}{session_id}{quote}",
        order_by=["timestamp ASC"],
        include_spans=include_spans,
        **question,
    )
