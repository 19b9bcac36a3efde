"""Keep every trace in which something failed, and a share of the others that depends on the experiment.

    python examples/sampling.py

Made of OpenTelemetry's own parts: a sampler, and a span processor in front of the one that exports. Both of them are
yours to change. See docs/sampling.md.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, TraceState
from opentelemetry.util.types import Attributes

from genspan.distro import configure, using_attributes
from genspan.exporters.mlflow import MlflowSpanExporter

EXPERIMENT = "mlflow.experimentId"


class RatioPerExperiment(Sampler):
    """Samples new traces by the experiment that their first span names when it starts; give it to `ParentBased`."""

    def __init__(self, ratios: Mapping[str, float], otherwise: float = 1.0) -> None:
        self._samplers = {experiment: TraceIdRatioBased(ratio) for experiment, ratio in ratios.items()}
        self._otherwise = TraceIdRatioBased(otherwise)

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
        sampler = self._samplers.get(str((attributes or {}).get(EXPERIMENT)), self._otherwise)
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """As OpenTelemetry's SDK asks."""
        return "RatioPerExperiment"


class KeepErrors(SpanProcessor):
    """Hands whole traces to another processor, once their first span has ended: those that failed, and a share else.

    Holds at most `limit` spans; beyond that, the spans of the oldest traces are handed on.
    """

    def __init__(self, processor: SpanProcessor, ratio: float, limit: int = 10_000) -> None:
        self._processor = processor
        self._bound = TraceIdRatioBased.get_bound_for_rate(ratio)
        self._limit = limit
        self._held: OrderedDict[int, list[ReadableSpan]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Hands it on."""
        self._processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Holds the span, or lets go of its trace."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            self._held.setdefault(span.context.trace_id, []).append(span)
            self._count += 1
            done = []
            if span.parent is None or span.parent.is_remote:
                done += self._let_go(span.context.trace_id, only_if_kept=True)
            while self._count > self._limit:
                done += self._let_go(next(iter(self._held)))
        for each in done:
            self._processor.on_end(each)

    def _let_go(self, trace_id: int, only_if_kept: bool = False) -> list[ReadableSpan]:
        spans = self._held.pop(trace_id)
        self._count -= len(spans)
        failed = any(span.status.status_code is StatusCode.ERROR for span in spans)
        kept = failed or trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound
        return spans if kept or not only_if_kept else []

    def shutdown(self) -> None:
        """Hands on what is held, and ends the other."""
        self.force_flush()
        self._processor.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hands on what is held, of traces that still run."""
        with self._lock:
            done = [span for trace_id in tuple(self._held) for span in self._let_go(trace_id)]
        for span in done:
            self._processor.on_end(span)
        return self._processor.force_flush(timeout_millis)


def main() -> None:
    """A hundred traces, of which ten fail: those are in mlflow.db, and about a fifth of the others."""
    provider = TracerProvider(sampler=ParentBased(RatioPerExperiment({"7": 0.5})))
    provider.add_span_processor(KeepErrors(BatchSpanProcessor(MlflowSpanExporter()), ratio=0.2))
    trace.set_tracer_provider(provider)
    configure()  # Joins the provider: instrumentors are turned on, nothing is exported twice.

    tracer = trace.get_tracer("shop")
    for n in range(100):
        with using_attributes(session_id="a-session"), tracer.start_as_current_span(f"order {n}") as order:
            with tracer.start_as_current_span("pack"):
                pass
            if n % 10 == 0:
                order.set_status(Status(StatusCode.ERROR, "out of stock"))


if __name__ == "__main__":
    main()
