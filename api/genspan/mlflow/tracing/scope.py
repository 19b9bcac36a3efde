"""What a piece of code says of every trace that begins in it: session, user, tags, metadata, or that there be none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, cast

from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context

_EXPERIMENT: Final = "genspan.mlflow.experiment_id"


def experiment_id(context: Context | None = None) -> str | None:
    """The experiment of traces that begin in a context (default: the current one), where its code has said one."""
    return cast("str | None", otel_context.get_value(_EXPERIMENT, context))


def with_experiment(identifier: str | None) -> Context:
    """The current context, in which traces go to that experiment."""
    return otel_context.set_value(_EXPERIMENT, identifier)


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
    """Says of every trace inside: metadata, tags, session and user; inner values win over outer ones.

    It is `genspan.distro.using_attributes` by MLflow's names. `enabled=False` has nothing recorded inside,
    `enabled=True` switches on again within such a block.
    """
    from genspan.exporters.context_attributes import entered

    from . import provider

    provider.tracer()  # Spans of other tracers take part from here on.
    inside = entered(session_id=session_id, user_id=user, tags=tags, metadata=metadata)
    if enabled is not None:
        inside = otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, not enabled, inside)
    token = otel_context.attach(inside)
    try:
        yield
    finally:
        otel_context.detach(token)
