"""Spans made by hand: `start_span` and what can be said of the trace that is under way."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span as OTelSpan
from opentelemetry.trace import Link as OTelLink

from genspan.exporters.context_attributes import trace_facts
from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey
from genspan.instrumentation.core import detach
from genspan.mlflow.entities import Link, SpanLogLevel, SpanType
from genspan.mlflow.exceptions import MlflowException

from . import enablement, provider, semantics
from .destination import experiment_of
from .foreign_span import ForeignSpan
from .links import otel_link
from .live_span import LiveSpan, NoOpSpan
from .scope import is_disabled
from .under_way import readable, root_of, stands_for

if TYPE_CHECKING:
    from genspan.mlflow.entities import TraceLocationBase

_logger = logging.getLogger("genspan.mlflow")

AnySpan = LiveSpan | NoOpSpan


@contextmanager
def start_span(
    name: str = "span",
    span_type: str | None = SpanType.UNKNOWN,
    attributes: Mapping[str, Any] | None = None,
    trace_destination: TraceLocationBase | None = None,
    log_level: SpanLogLevel | str | None = None,
    run_id: str | None = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> Iterator[AnySpan]:
    """A span for the length of a `with` block, inside which it is the current one: spans begun there are its children.

    An exception that leaves the block is recorded, makes the status ERROR, and goes on. `trace_destination` and
    `run_id` are for spans that begin a trace. A span that cannot be made never keeps the block from running.
    """
    span = _begun(name, span_type, attributes, trace_destination, log_level, run_id, links, description)
    token = otel_context.attach(around(span._span)) if span._span is not None else None
    try:
        yield span
    except BaseException as error:
        if isinstance(span, LiveSpan) and not isinstance(error, GeneratorExit):
            span.record_exception(error)
        raise
    finally:
        if token is not None:
            detach(token)
        span.end()


def _begun(
    name: str,
    span_type: str | None,
    attributes: Mapping[str, Any] | None,
    trace_destination: TraceLocationBase | None,
    log_level: SpanLogLevel | str | None,
    run_id: str | None,
    links: Sequence[Link] | None,
    description: str | None,
) -> AnySpan:
    try:
        return begin(
            name,
            span_type,
            attributes=attributes,
            experiment_id=experiment_of(trace_destination),
            log_level=log_level,
            metadata={TraceMetadataKey.SOURCE_RUN: run_id} if run_id is not None else None,
            links=links,
            description=description,
        )
    except Exception:
        _logger.warning("Span %r is not recorded", name, exc_info=True)
        return NoOpSpan()


def start_span_no_context(
    name: str,
    span_type: str = SpanType.UNKNOWN,
    parent_span: AnySpan | None = None,
    inputs: Any | None = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    experiment_id: str | None = None,
    start_time_ns: int | None = None,
    log_level: SpanLogLevel | str | None = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> AnySpan:
    """A span that does not become the current one, and that the caller ends by `end()`.

    Its parent is `parent_span`, from any thread; without one it is a child of the current span, where there is one.
    `tags`, `metadata` and `experiment_id` are its trace's, and for spans that begin one. `start_time_ns` is in
    nanoseconds since the epoch (default: now).
    """
    if isinstance(parent_span, NoOpSpan):
        return NoOpSpan(parent_span._span)
    try:
        span = begin(
            name,
            span_type,
            parent=parent_span._span if parent_span is not None else None,
            attributes=attributes,
            tags=tags,
            metadata=metadata,
            experiment_id=experiment_id,
            start_time_ns=start_time_ns,
            log_level=log_level,
            links=links,
            description=description,
        )
        if inputs is not None:
            span.set_inputs(inputs)
    except Exception:
        _logger.warning("Span %r is not recorded", name, exc_info=True)
        return NoOpSpan()
    return span


def begin(
    name: str,
    span_type: str | None = SpanType.UNKNOWN,
    *,
    parent: OTelSpan | None = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    experiment_id: str | None = None,
    start_time_ns: int | None = None,
    log_level: SpanLogLevel | str | None = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> AnySpan:
    """A span that has begun. May raise where what it is given cannot be used; the callers guard that."""
    if not enablement.is_enabled() or is_disabled():
        return NoOpSpan()
    context = None if parent is None else around(parent)
    given: dict[str, str] = {SpanAttributeKey.SPAN_TYPE: span_type or SpanType.UNKNOWN}
    begins_trace = not trace.get_current_span(context).get_span_context().is_valid
    if experiment_id is not None:
        if begins_trace:
            given[SpanAttributeKey.EXPERIMENT_ID] = str(experiment_id)
        else:
            _logger.warning("Span %r is not the first of its trace, whose experiment it cannot change", name)
    started = {**given, **semantics.identity(span_type, name), **trace_facts(metadata or {}, tags or {})}
    usable_links = [usable for link in links or () if (usable := _usable(link)) is not None]
    otel_span = provider.tracer().start_span(
        name, context, attributes=started, links=usable_links, start_time=start_time_ns
    )
    if not otel_span.is_recording():
        return NoOpSpan(otel_span)
    found = readable(otel_span)
    if found is None:
        found = ForeignSpan.begun(otel_span, name, context, started, usable_links, start_time_ns)
    elif not isinstance(found, OTelSpan):
        stands_for(found)
    span = LiveSpan(found)
    if attributes:
        span.set_attributes(attributes)
    if description is not None:
        span.set_description(description)
    if log_level is not None:
        try:
            span.set_log_level(log_level)
        except MlflowException as error:
            _logger.warning("Left out: %s", error.message)
    return span


def around(span: trace.Span) -> Context:
    """The current context, in which that span is the current one, as other tracers know it."""
    return trace.set_span_in_context(span.foreign if isinstance(span, ForeignSpan) else span)


def _usable(link: Link) -> OTelLink | None:
    try:
        return otel_link(link)
    except MlflowException as error:
        _logger.warning("Left out: %s", error.message)
        return None


def get_current_active_span() -> LiveSpan | None:
    """The current span, whoever made it: this API, an instrumentation, or OpenTelemetry's own. None without one."""
    current = trace.get_current_span()
    span = readable(current) if current.is_recording() else None
    return None if span is None else LiveSpan(span)


def get_active_trace_id() -> str | None:
    """The id of the trace that is under way here, `tr-…`; None without one."""
    span = get_current_active_span()
    return None if span is None else span.trace_id


def update_current_trace(
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    client_request_id: str | None = None,
    request_preview: str | None = None,
    response_preview: str | None = None,
    state: str | None = None,
    model_id: str | None = None,
    session_id: str | None = None,
    user: str | None = None,
) -> None:
    """Says something of the trace that is under way: what is said last counts.

    `state` is OK or ERROR, and leaves the current span's status as it is. Previews are what lists of traces show.
    Logs a warning where no trace is under way. Raises MlflowException for a state or preview of another kind.
    """
    span = get_current_active_span()
    if span is None:
        _logger.warning(
            "No trace is under way to be updated: call update_current_trace inside `with mlflow.start_span()`, a "
            "function with `@mlflow.trace`, or an instrumented call."
        )
        return
    for name, preview in (("request_preview", request_preview), ("response_preview", response_preview)):
        if preview is not None and not isinstance(preview, str):
            raise MlflowException.invalid_parameter_value(f"The `{name}` parameter must be a string.")
    if state is not None and state not in ("OK", "ERROR"):
        raise MlflowException.invalid_parameter_value(f"State must be either 'OK' or 'ERROR', but got '{state}'.")
    facts = {
        TraceMetadataKey.TRACE_SESSION: session_id,
        TraceMetadataKey.TRACE_USER: user,
        TraceMetadataKey.MODEL_ID: model_id,
    }
    said = {
        SpanAttributeKey.CLIENT_REQUEST_ID: client_request_id,
        SpanAttributeKey.TRACE_REQUEST_PREVIEW: request_preview,
        SpanAttributeKey.TRACE_RESPONSE_PREVIEW: response_preview,
        SpanAttributeKey.TRACE_STATE: getattr(state, "value", state),
    }
    root_of(span._span).set_attributes(
        {
            **trace_facts({**(metadata or {}), **_given(facts)}, tags or {}),
            **{key: str(value) for key, value in _given(said).items()},
        }
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
