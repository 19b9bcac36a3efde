"""What MLflow's API adds to spans of every tracer: their trace's experiment, and hooks at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from genspan.exporters.mlflow.keys import API_SCOPE, TRACE_ID_PREFIX, SpanAttributeKey
from genspan.instrumentation.core import guarded
from genspan.mlflow import settings
from genspan.mlflow.notebook import display

from . import config, destination, scope, semantics, under_way
from .live_span import LiveSpan
from .values import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genspan.mlflow.entities import Trace


@dataclass
class _Process:
    last_trace_id: str | None = None


_process = _Process()
_last_trace_id_here: ContextVar[str | None] = ContextVar("genspan_mlflow_last_trace_id", default=None)


def last_trace_id(thread_local: bool = False) -> str | None:
    """The trace that ended last in this process, or in this thread or task."""
    return _last_trace_id_here.get() if thread_local else _process.last_trace_id


class TraceProcessor(SpanProcessor):
    """Follows the traces of one tracer provider, whoever makes their spans."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Puts on the span which experiment its trace belongs to."""
        guarded(_begin, span, parent_context)

    def _on_ending(self, span: Span) -> None:
        if config.span_processors() or _is_ours(span):
            with _thawed(span):
                complete(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Remembers the trace as the last one, where its root has ended."""
        ended(span)


def complete(span: Span) -> None:
    """What a span gets before it ends: the user's masking, and what a span of this API is in the conventions' terms."""
    for processor in config.span_processors():
        guarded(processor, LiveSpan(span))
    if not isinstance(span, Span) or _is_ours(span):
        guarded(_translate, span)


def ended(span: ReadableSpan) -> None:
    """Remembers the trace as the last one, where its root has ended."""
    guarded(under_way.end, span)
    if span.parent is None or span.parent.is_remote:
        guarded(_finish, span)


def _begin(span: Span, parent_context: Context | None) -> None:
    under_way.begin(span)
    experiment = _experiment_id(span, parent_context)
    if experiment is not None:
        span.set_attribute(SpanAttributeKey.EXPERIMENT_ID, experiment)


def _experiment_id(span: Span, context: Context | None) -> str | None:
    """The experiment of the span's trace: its parent's, else what the code around it or the process chose.

    None leaves it to the exporter's settings.
    """
    begins = span.parent is None or span.parent.is_remote
    stated: object = span if begins else trace.get_current_span(context)
    given = (getattr(stated, "attributes", None) or {}).get(SpanAttributeKey.EXPERIMENT_ID)
    if given or not begins:
        return str(given) if given else None
    return scope.experiment_id(context) or destination.experiment_id() or settings.chosen_experiment_id()


def _is_ours(span: ReadableSpan) -> bool:
    return span.instrumentation_scope is not None and span.instrumentation_scope.name == API_SCOPE


def _translate(span: Span) -> None:
    attributes = span.attributes or {}
    kind = str(attributes.get(SpanAttributeKey.SPAN_TYPE))
    if kind in semantics.OPERATIONS:
        live = LiveSpan(span)
        stated = {key: read(value) for key, value in attributes.items() if key.startswith("mlflow.")}
        found = semantics.content(kind, live.inputs, live.outputs, stated)
        span.set_attributes({**semantics.identity(kind, span.name), **found, **_others(attributes)})


def _others(attributes: Mapping[str, object]) -> dict[str, str | int | float | bool]:
    """What the user has said in the conventions' words, which wins over what is derived."""
    return {
        key: value
        for key, value in attributes.items()
        if key.startswith("gen_ai.") and isinstance(value, (str, int, float, bool))
    }


@contextmanager
def _thawed(span: Span) -> Iterator[None]:
    """Lets attributes be set in `_on_ending`, as the specification has it; opentelemetry-sdk 1.45 freezes them."""
    attributes: Any = span._attributes
    end_time = span._end_time
    was_immutable, attributes._immutable = attributes._immutable, False
    span._end_time = None
    try:
        yield
    finally:
        span._end_time = end_time
        attributes._immutable = was_immutable


def _finish(span: ReadableSpan) -> None:
    context = span.get_span_context()
    if context is None:
        return
    trace_id = f"{TRACE_ID_PREFIX}{context.trace_id:032x}"
    _process.last_trace_id = trace_id
    _last_trace_id_here.set(trace_id)
    if span.parent is None:
        display.trace_ended(trace_id, lambda: _stored(trace_id))


def _stored(trace_id: str) -> Trace | None:
    from genspan.mlflow.reading import get_trace

    return get_trace(trace_id, silent=True, flush=True)
