"""What a piece of code says of every trace that begins in it: session, user, tags, metadata, or that there be none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context

from genspan.exporters.mlflow.keys import TraceMetadataKey

_SCOPE: Final = "genspan.mlflow.scope"


@dataclass(frozen=True)
class Scope:
    """Facts for the traces of one piece of code."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    experiment_id: str | None = None

    def within(self, metadata: Mapping[str, str], tags: Mapping[str, str], experiment_id: str | None) -> Scope:
        """These facts with others added, which win."""
        return Scope({**self.metadata, **metadata}, {**self.tags, **tags}, experiment_id or self.experiment_id)


_NOTHING: Final = Scope()


def current(context: Context | None = None) -> Scope:
    """The facts that hold in a context (default: the current one)."""
    return cast("Scope | None", otel_context.get_value(_SCOPE, context)) or _NOTHING


def entered(
    metadata: Mapping[str, str] | None = None, tags: Mapping[str, str] | None = None, experiment_id: str | None = None
) -> Context:
    """The current context with facts added."""
    return otel_context.set_value(_SCOPE, current().within(metadata or {}, tags or {}, experiment_id))


def is_disabled() -> bool:
    """Whether tracing is off in this piece of code: by `context(enabled=False)`, or by OpenTelemetry's own key."""
    return bool(otel_context.get_value(_SUPPRESS_INSTRUMENTATION_KEY))


@contextmanager
def context(
    metadata: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    enabled: bool | None = None,
    session_id: str | None = None,
    user: str | None = None,
) -> Iterator[None]:
    """Says of every trace that begins inside: metadata, tags, session and user; inner values win over outer ones.

    Session and user are put on every span (`session.id`, `user.id`), for backends that look at spans alone. The facts
    travel in OpenTelemetry's context: into tasks, and into threads that are given the context; never over the wire.
    `enabled=False` has nothing recorded inside, `enabled=True` switches on again within such a block.
    """
    from . import provider

    provider.tracer()  # Spans of other tracers take part from here on.
    facts = dict(metadata or {})
    if session_id is not None:
        facts[TraceMetadataKey.TRACE_SESSION] = session_id
    if user is not None:
        facts[TraceMetadataKey.TRACE_USER] = user
    inside = entered(facts, tags)
    if enabled is not None:
        inside = otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, not enabled, inside)
    token = otel_context.attach(inside)
    try:
        yield
    finally:
        otel_context.detach(token)
