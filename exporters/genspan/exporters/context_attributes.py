"""What holds for every span of a piece of code: session, user, tags and metadata of its trace, attributes of the app's.

Said once, it travels in OpenTelemetry's context: into tasks, and into threads that are given the context. It is no
baggage and never goes over the wire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.util.types import AttributeValue

from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey
from genspan.semconv import attributes as names

_KEY: Final = "genspan.context_attributes"

_ON_EVERY_SPAN: Final = {
    TraceMetadataKey.TRACE_SESSION: names.SESSION_ID,
    TraceMetadataKey.TRACE_USER: names.USER_ID,
}
"""Trace metadata that has a name in OpenTelemetry's conventions, under which every span carries it."""


@dataclass(frozen=True)
class ContextAttributes:
    """What has been said in one context."""

    on_spans: Mapping[str, AttributeValue] = field(default_factory=dict)
    """For every span."""
    of_traces: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Facts of the trace, for the span that begins it in this process."""


_NOTHING: Final = ContextAttributes()


@contextmanager
def using_attributes(
    attributes: Mapping[str, AttributeValue] | None = None,
    *,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Puts attributes on every span that begins inside, whoever makes it; inner values win over outer ones.

    `session_id` and `user_id` are `session.id` and `user.id` of OpenTelemetry's conventions, which MLflow shows as the
    trace's session and user. `tags` and `metadata` are those of MLflow's trace: of each that begins inside, and of the
    one that is under way, whose current span tells them from here on. What a span says of itself stands above all.

    Takes effect for a tracer provider that `genspan.distro` or `genspan.mlflow` has set up or joined, or one that has a
    `ContextAttributesProcessor`.
    """
    token = otel_context.attach(entered(attributes, session_id, user_id, tags, metadata))
    try:
        yield
    finally:
        otel_context.detach(token)


def entered(
    attributes: Mapping[str, AttributeValue] | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Context:
    """The current context, in which that has been said as well."""
    said = _said(None)
    named = {TraceMetadataKey.TRACE_SESSION: session_id, TraceMetadataKey.TRACE_USER: user_id}
    given = {name: value for name, value in named.items() if value is not None}
    facts = trace_facts({**(metadata or {}), **given}, tags or {})
    for_all = {name: facts.pop(name) for name in _ON_EVERY_SPAN.values() if name in facts}
    if facts:
        trace.get_current_span().set_attributes(facts)
    inside = ContextAttributes({**said.on_spans, **for_all, **(attributes or {})}, {**said.of_traces, **facts})
    return otel_context.set_value(_KEY, inside)


def trace_facts(metadata: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """Facts of a trace as attributes of one of its spans."""
    attributes = {f"{SpanAttributeKey.TRACE_TAG_PREFIX}{key}": str(value) for key, value in tags.items()}
    for key, value in metadata.items():
        attributes[_ON_EVERY_SPAN.get(key) or f"{SpanAttributeKey.TRACE_METADATA_PREFIX}{key}"] = str(value)
    return attributes


class ContextAttributesProcessor(SpanProcessor):
    """Puts what has been said on the spans of one tracer provider."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Adds what the span does not say of itself."""
        said = _said(parent_context)
        if said is _NOTHING:
            return
        known = span.attributes or {}
        begins = span.parent is None or span.parent.is_remote
        attributes = {**said.of_traces, **said.on_spans} if begins else said.on_spans
        span.set_attributes({name: value for name, value in attributes.items() if name not in known})


def _said(context: Context | None) -> ContextAttributes:
    return cast("ContextAttributes | None", otel_context.get_value(_KEY, context)) or _NOTHING
