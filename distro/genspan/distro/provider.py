"""Tracer providers that can be joined."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from opentelemetry.sdk.trace import SpanProcessor


@runtime_checkable
class OpenTracerProvider(Protocol):
    """A tracer provider that takes span processors: the SDK's, or one that stands before it, as Logfire's (5.2)."""

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Hands it every span from now on."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Sends what has ended so far."""
