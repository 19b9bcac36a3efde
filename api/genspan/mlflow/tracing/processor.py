"""What MLflow's API adds to spans of every tracer: their trace's experiment, what is said of it, hooks at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from genspan.exporters.mlflow.keys import API_SCOPE, TRACE_ID_PREFIX, SpanAttributeKey, TraceMetadataKey
from genspan.instrumentation.core import guarded
from genspan.mlflow import settings
from genspan.mlflow.notebook import display
from genspan.semconv import attributes as names

from . import config, destination, scope, semantics, under_way
from .live_span import LiveSpan
from .values import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genspan.mlflow.entities import Trace

_ON_EVERY_SPAN: Final = {
    TraceMetadataKey.TRACE_SESSION: names.SESSION_ID,
    TraceMetadataKey.TRACE_USER: names.USER_ID,
}
"""Trace metadata that has a name in OpenTelemetry's conventions, under which every span carries it."""


@dataclass
class _Process:
    last_trace_id: str | None = None


_process = _Process()
_last_trace_id_here: ContextVar[str | None] = ContextVar("genspan_mlflow_last_trace_id", default=None)


def last_trace_id(thread_local: bool = False) -> str | None:
    """The trace that ended last in this process, or in this thread or task."""
    return _last_trace_id_here.get() if thread_local else _process.last_trace_id


def trace_facts(metadata: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """Facts of a trace as attributes of one of its spans."""
    attributes = {f"{SpanAttributeKey.TRACE_TAG_PREFIX}{key}": str(value) for key, value in tags.items()}
    for key, value in metadata.items():
        name = _ON_EVERY_SPAN.get(key)
        attributes[name or f"{SpanAttributeKey.TRACE_METADATA_PREFIX}{key}"] = str(value)
    return attributes


class TraceProcessor(SpanProcessor):
    """Follows the traces of one tracer provider, whoever makes their spans."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Puts on the span what holds for its trace."""
        guarded(_begin, span, parent_context)

    def _on_ending(self, span: Span) -> None:
        if config.span_processors() or _is_ours(span):
            guarded(_complete, span)

    def on_end(self, span: ReadableSpan) -> None:
        """Remembers the trace as the last one, where its root has ended."""
        guarded(under_way.end, span)
        if span.parent is None or span.parent.is_remote:
            guarded(_finish, span)


def _begin(span: Span, parent_context: Context | None) -> None:
    said = scope.current(parent_context)
    is_root = span.parent is None or span.parent.is_remote
    is_topmost = under_way.begin(span)
    attributes = {name: said.metadata[key] for key, name in _ON_EVERY_SPAN.items() if key in said.metadata}
    if is_topmost:
        attributes |= trace_facts(said.metadata, said.tags)
    experiment = _experiment_id(span, said, None if is_root else trace.get_current_span(parent_context))
    if experiment is not None:
        attributes[SpanAttributeKey.EXPERIMENT_ID] = experiment
    if attributes:
        span.set_attributes(attributes)


def _experiment_id(span: Span, said: scope.Scope, parent: trace.Span | None) -> str | None:
    """The experiment of the span's trace: its parent's, else what the code around it or the process chose.

    None leaves it to the exporter's settings.
    """
    if parent is not None:
        given = (getattr(parent, "attributes", None) or {}).get(SpanAttributeKey.EXPERIMENT_ID)
        return str(given) if given else None
    given = (span.attributes or {}).get(SpanAttributeKey.EXPERIMENT_ID)
    if given:
        return str(given)
    return said.experiment_id or destination.experiment_id() or settings.chosen_experiment_id()


def _is_ours(span: ReadableSpan) -> bool:
    return span.instrumentation_scope is not None and span.instrumentation_scope.name == API_SCOPE


def _complete(span: Span) -> None:
    with _thawed(span):
        for processor in config.span_processors():
            guarded(processor, LiveSpan(span))
        if _is_ours(span):
            attributes = span.attributes or {}
            kind, name = attributes.get(SpanAttributeKey.SPAN_TYPE), span.name
            if str(kind) in semantics.OPERATIONS:
                live = LiveSpan(span)
                stated = {key: read(value) for key, value in attributes.items() if key.startswith("mlflow.")}
                found = semantics.content(str(kind), live.inputs, live.outputs, stated)
                span.set_attributes({**semantics.identity(str(kind), name), **found, **_others(attributes)})


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
