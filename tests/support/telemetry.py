"""Telemetry kept in memory, with what a test needs to say of it: what ended, what is open, what ended twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from support.conventions import event_faults, metric_faults, span_faults


class _Ledger(SpanProcessor):
    """Counts starts and ends by span id, and keeps what has ended."""

    def __init__(self) -> None:
        self.started: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.spans: list[ReadableSpan] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started[span.context.span_id] += 1

    def on_end(self, span: ReadableSpan) -> None:
        assert span.context is not None
        self.ended[span.context.span_id] += 1
        self.spans.append(span)


class InMemoryTelemetry:
    """Three SDK providers, and all that came through them."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        resource = Resource({})
        self._ledger = _Ledger()
        self._logs = InMemoryLogRecordExporter()
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(self._ledger)
        self.logger_provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter_provider = MeterProvider([self._reader], resource=resource, shutdown_on_exit=False)

    @property
    def providers(self) -> dict[str, Any]:
        """The arguments of `instrument`."""
        return {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "logger_provider": self.logger_provider,
        }

    @property
    def spans(self) -> list[ReadableSpan]:
        """Those that ended, in that order."""
        return list(self._ledger.spans)

    @property
    def span(self) -> ReadableSpan:
        """The only one."""
        (span,) = self._ledger.spans
        return span

    @property
    def open_spans(self) -> int:
        """How many have started and not ended."""
        return len(self._ledger.started - self._ledger.ended)

    @property
    def events(self) -> list[ReadableLogRecord]:
        """All log records."""
        return list(self._logs.get_finished_logs())

    def events_named(self, name: str) -> list[ReadableLogRecord]:
        """The log records of one event."""
        return [event for event in self.events if event.log_record.event_name == name]

    @property
    def scopes(self) -> list[str]:
        """The names of the meters that measured something."""
        data = self._reader.get_metrics_data()
        return (
            [scope.scope.name for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        )

    @property
    def metrics(self) -> dict[str, Metric]:
        """What has been measured so far, by name."""
        data = self._reader.get_metrics_data()
        scopes = (scope for resource in data.resource_metrics for scope in resource.scope_metrics) if data else ()
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def assert_sound(self, tolerated: Sequence[str] = ()) -> None:
        """Every span ended once, and all of it is as the conventions say, but for the rules tolerated."""
        assert not self.open_spans, "spans are still open"
        assert set(self._ledger.ended.values()) <= {1}, "a span ended twice"
        faults = [
            *(fault for span in self.spans for fault in span_faults(span)),
            *(fault for event in self.events for fault in event_faults(event)),
            *(fault for metric in self.metrics.values() for fault in metric_faults(metric)),
        ]
        assert [str(fault) for fault in faults if fault.rule not in tolerated] == []


@contextmanager
def instrumented(instrumentor: Any, telemetry: InMemoryTelemetry, **options: Any) -> Iterator[InMemoryTelemetry]:
    """Instruments a library for the time of a `with` block."""
    instrumentor.instrument(**telemetry.providers, **options)
    try:
        yield telemetry
    finally:
        instrumentor.uninstrument()
