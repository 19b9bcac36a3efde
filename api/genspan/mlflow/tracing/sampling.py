"""A ratio of traces that code asks for, in place of the provider's own sampler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

_ratio: ContextVar[float | None] = ContextVar("genspan_mlflow_sampling_ratio", default=None)


@contextmanager
def overridden(ratio: float | None) -> Iterator[None]:
    """Has a trace that begins inside be recorded in this share of cases (0 to 1); None changes nothing."""
    if ratio is None:
        yield
        return
    token = _ratio.set(ratio)
    try:
        yield
    finally:
        _ratio.reset(token)


class OverridableSampler(Sampler):
    """The provider's sampler, but for traces whose code asks for a ratio of its own. Children follow their parent."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """As OpenTelemetry's SDK asks."""
        ratio = _ratio.get()
        sampler = self._sampler if ratio is None else ParentBased(TraceIdRatioBased(ratio))
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """As OpenTelemetry's SDK asks."""
        return f"OverridableSampler({self._sampler.get_description()})"
