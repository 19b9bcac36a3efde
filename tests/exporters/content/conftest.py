from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from genspan.exporters.content import ContentPolicy, ContentSpanExporter

KEY = "sk-proj-abcDEF1234567890abcDEF12345"

Recording = Callable[..., tuple[ReadableSpan, ReadableSpan]]


@pytest.fixture
def recorded() -> Iterator[Recording]:
    """Records a span and gives it as an exporter has it that stands alone, and as one under a policy has it."""
    providers = []

    def record(
        policy: ContentPolicy,
        attributes: dict[str, Any] | None = None,
        events: dict[str, dict[str, Any]] | None = None,
        link: dict[str, Any] | None = None,
        status: str | None = None,
        resource: dict[str, Any] | None = None,
        name: str = "chat gpt-5",
    ) -> tuple[ReadableSpan, ReadableSpan]:
        alone, under = InMemorySpanExporter(), InMemorySpanExporter()
        provider = TracerProvider(resource=Resource(resource or {}), shutdown_on_exit=False)
        providers.append(provider)
        exporters: tuple[SpanExporter, ...] = (alone, ContentSpanExporter(under, policy))
        for exporter in exporters:
            provider.add_span_processor(SimpleSpanProcessor(exporter))
        links = [Link(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1)), link)] if link else []
        span = provider.get_tracer("app").start_span(name, attributes=attributes, links=links)
        for event, values in (events or {}).items():
            span.add_event(event, values)
        if status is not None:
            span.set_status(Status(StatusCode.ERROR, status))
        span.end()
        return alone.get_finished_spans()[0], under.get_finished_spans()[0]

    yield record
    for provider in providers:
        provider.shutdown()
