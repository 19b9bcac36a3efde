"""The tracer provider in charge of a process, whoever made it, and what joins it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Final, Protocol, runtime_checkable

from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider


@runtime_checkable
class OpenTracerProvider(Protocol):
    """A tracer provider that takes span processors: the SDK's, or one that stands before it, as Logfire's (5.4)."""

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Hands it every span from now on."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Sends what has ended so far."""


def has_mlflow(provider: trace.TracerProvider) -> bool:
    """Whether traces go to MLflow already, by an exporter of the configuration's or the app's own.

    An exporter that is there before any provider is in charge is on its way into one that will not be.
    """
    from genspan.exporters.mlflow import MlflowSpanExporter

    return not isinstance(provider, trace.ProxyTracerProvider) and bool(MlflowSpanExporter.running())


def sdk_behind(provider: trace.TracerProvider) -> TracerProvider | None:
    """The SDK's own provider: this one, or the one that Logfire's stands before; None where none is to be seen."""
    if isinstance(provider, TracerProvider):
        return provider
    inner = getattr(provider, "provider", None)
    return inner if isinstance(inner, TracerProvider) else None


def span_processors(provider: TracerProvider) -> Iterator[SpanProcessor]:
    """All that has been added to it. The SDK (1.45) has no public name for them."""
    yield from provider._active_span_processor._span_processors


_lock = threading.Lock()
_joined: Final[list[tuple[weakref.ref[object], Callable[[], SpanProcessor]]]] = []


def add_once(provider: OpenTracerProvider, make: Callable[[], SpanProcessor]) -> None:
    """Adds a span processor that is made here, as by its class, unless one of the same making was added so before."""
    with _lock:
        # By identity: Logfire's provider (5.4) cannot be hashed. The one behind it may be exchanged.
        taker: object = sdk_behind(provider) or provider  # type: ignore[arg-type]
        if not any(reference() is taker and made is make for reference, made in _joined):
            _joined[:] = [(reference, made) for reference, made in _joined if reference() is not None]
            _joined.append((weakref.ref(taker), make))
            provider.add_span_processor(make())
