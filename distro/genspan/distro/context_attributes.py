"""What holds for every span of a piece of code: session, user, tags, attributes of the app's own, said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.util.types import AttributeValue

from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.semconv import attributes as names

_KEY: Final = "genspan.attributes"


@dataclass(frozen=True)
class _Said:
    on_every_span: Mapping[str, AttributeValue] = field(default_factory=dict)
    on_the_first: Mapping[str, AttributeValue] = field(default_factory=dict)
    """For the span that begins the trace in this process: facts of the trace."""


@contextmanager
def using_attributes(
    attributes: Mapping[str, AttributeValue] | None = None,
    *,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Puts attributes on every span that begins inside, whoever makes it; inner values win over outer ones.

    `session_id` and `user_id` are `session.id` and `user.id` of OpenTelemetry's conventions, which MLflow shows as the
    trace's session and user. `tags` are tags of MLflow's trace. What a span says of itself stands above all of these.

    They travel in OpenTelemetry's context: into tasks, and into threads that are given the context. They are no baggage
    and never go over the wire. Takes effect for a tracer provider that `configure` or `opentelemetry-instrument` has
    set up, or one that has a `ContextAttributesProcessor`.
    """
    said = _said(None)
    own = {names.SESSION_ID: session_id, names.USER_ID: user_id}
    every = {**said.on_every_span, **{name: value for name, value in own.items() if value is not None}}
    first = {f"{SpanAttributeKey.TRACE_TAG_PREFIX}{name}": value for name, value in (tags or {}).items()}
    inside = _Said({**every, **(attributes or {})}, {**said.on_the_first, **first})
    token = otel_context.attach(otel_context.set_value(_KEY, inside))
    try:
        yield
    finally:
        otel_context.detach(token)


class ContextAttributesProcessor(SpanProcessor):
    """Puts what `using_attributes` says on the spans of one tracer provider."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Adds what the span does not say of itself."""
        said = _said(parent_context)
        if said is _NOTHING:
            return
        begins = span.parent is None or span.parent.is_remote
        known = span.attributes or {}
        for attributes in (said.on_every_span, said.on_the_first) if begins else (said.on_every_span,):
            span.set_attributes({name: value for name, value in attributes.items() if name not in known})


_NOTHING: Final = _Said()


def _said(context: Context | None) -> _Said:
    return cast("_Said | None", otel_context.get_value(_KEY, context)) or _NOTHING
