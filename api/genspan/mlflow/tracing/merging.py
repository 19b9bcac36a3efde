"""Traces that come from elsewhere, made part of those of this process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.mlflow.entities import Span, SpanType, Trace
from genspan.mlflow.exceptions import MlflowException

from .fluent import AnySpan, get_current_active_span, start_span_no_context
from .live_span import LiveSpan

_ITS_OWN = frozenset({SpanAttributeKey.REQUEST_ID, SpanAttributeKey.INPUTS, SpanAttributeKey.OUTPUTS})


def add_trace(trace: Trace | Mapping[str, Any], target: LiveSpan | None = None) -> None:
    """Puts the spans of a finished trace, as another service answered it, below `target` or the current span.

    Without either they become a trace of their own, under a root called `Remote Trace <…>`. The spans get new ids.

    Raises MlflowException for what is no trace, and for one that is still in progress.
    """
    if isinstance(trace, Mapping):
        try:
            trace = Trace.from_dict(dict(trace))
        except Exception as error:
            raise MlflowException.invalid_parameter_value(
                "Failed to load a trace object from the given dictionary. Please ensure the dictionary is in the "
                f"correct MLflow Trace format. Error: {error}"
            ) from error
    elif not isinstance(trace, Trace):
        raise MlflowException.invalid_parameter_value(
            f"Invalid trace object: {type(trace)}. Give a Trace, or the dict that Trace.to_dict() wrote."
        )
    if str(getattr(trace.info.state, "value", trace.info.state)) not in ("OK", "ERROR"):
        raise MlflowException.invalid_parameter_value(
            f"The trace must be ended before adding it to another trace. Current status: {trace.info.state}."
        )
    spans = trace.data.spans
    if not spans:
        return
    parent: AnySpan | None = target or get_current_active_span()
    if parent is not None:
        _merge(spans, parent)
        return
    root = spans[0]
    made = start_span_no_context(
        name=f"Remote Trace <{root.name}>",
        span_type=root.span_type or SpanType.UNKNOWN,
        inputs=root.inputs,
        attributes=_attributes(root),
        start_time_ns=root.start_time_ns - 1,
    )
    _merge(spans, made)
    made.end(status=str(trace.info.state.value), outputs=root.outputs, end_time_ns=root.end_time_ns)


def _merge(spans: list[Span], parent: AnySpan) -> None:
    """Makes the spans anew, below a parent. One whose own parent is not among them hangs on that."""
    made: dict[str, AnySpan] = {}
    for span in _parents_first(spans):
        copy = start_span_no_context(
            span.name,
            span.span_type or SpanType.UNKNOWN,
            parent_span=made.get(span.parent_id or "", parent),
            inputs=span.inputs,
            attributes=_attributes(span),
            start_time_ns=span.start_time_ns,
        )
        made[span.span_id] = copy
        for event in span.events:
            copy.add_event(event)
    for span in spans:
        made[span.span_id].end(outputs=span.outputs, status=span.status, end_time_ns=span.end_time_ns)


def _parents_first(spans: list[Span]) -> list[Span]:
    known = {span.span_id for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_id if span.parent_id in known else None, []).append(span)
    ordered: list[Span] = []
    waiting = children.pop(None, [])
    while waiting:
        ordered += waiting
        waiting = [child for span in waiting for child in children.pop(span.span_id, ())]
    return ordered


def _attributes(span: Span) -> dict[str, Any]:
    return {key: value for key, value in span.attributes.items() if key not in _ITS_OWN}


def log_trace(
    name: str = "Task",
    request: Any | None = None,
    response: Any | None = None,
    intermediate_outputs: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    start_time_ms: int | None = None,
    execution_time_ms: int | None = None,
) -> str:
    """Writes a trace of one span, for work that is done already, and answers its id.

    Times are in milliseconds, the start since the epoch (default: now).
    """
    start = start_time_ms * 1_000_000 if start_time_ms is not None else time.time_ns()
    span = start_span_no_context(
        name, inputs=request, attributes=attributes, tags=tags, start_time_ns=start, parent_span=None
    )
    if intermediate_outputs:
        span.set_attribute(SpanAttributeKey.INTERMEDIATE_OUTPUTS, dict(intermediate_outputs))
    end = start + execution_time_ms * 1_000_000 if execution_time_ms is not None else None
    span.end(outputs=response, end_time_ns=end)
    return span.trace_id
