"""OpenTelemetry as this API finds it, or sets it up: one tracer provider for everything in the process."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING
from weakref import WeakSet

from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, Tracer

from genspan.exporters.mlflow.keys import API_SCOPE
from genspan.mlflow import settings
from genspan.semconv import SCHEMA_URL

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_logger = logging.getLogger("genspan.mlflow")

_lock = threading.RLock()


@dataclass
class _Process:
    ready: tuple[trace.TracerProvider, Tracer] | None = None


_process = _Process()
_followed: WeakSet[TracerProvider] = WeakSet()


def tracer() -> Tracer:
    """The tracer of this API. On first use in a process where nobody has set OpenTelemetry up, that is done here."""
    ready = _process.ready
    if ready is not None and ready[0] is trace.get_tracer_provider():
        return ready[1]
    with _lock:
        return _prepared()


def _prepared() -> Tracer:
    from opentelemetry.sdk.trace import TracerProvider

    try:
        uri = settings.chosen_tracking_uri()
        if not _writes_to_mlflow(trace.get_tracer_provider()):
            _set_up()
            if uri is not None:
                redirect(uri)
    except Exception:
        _logger.exception("OpenTelemetry could not be set up: no traces go to MLflow")
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):  # Switched off by OTEL_SDK_DISABLED.
        made: Tracer = NoOpTracer()
    else:
        made = provider.get_tracer(API_SCOPE, version("genspan"), schema_url=SCHEMA_URL)
    if isinstance(provider, TracerProvider):
        _follow(provider, made)
    _process.ready = (provider, made)
    return made


def _set_up() -> None:
    """As `opentelemetry-instrument` does, but for the instrumentors: those are `autolog`'s."""
    for group in ("opentelemetry_distro", "opentelemetry_configurator"):
        (point,) = entry_points(group=group, name="genspan")
        point.load()().configure()


def _writes_to_mlflow(provider: trace.TracerProvider) -> bool:
    from genspan.exporters.mlflow.exporter import MlflowSpanExporter

    return not isinstance(provider, trace.ProxyTracerProvider) and any(MlflowSpanExporter.running())


def _follow(provider: TracerProvider, made: Tracer) -> None:
    from opentelemetry.sdk.trace import Tracer as SdkTracer

    from .processor import TraceProcessor
    from .sampling import OverridableSampler

    if provider not in _followed:
        provider.add_span_processor(TraceProcessor())
        _followed.add(provider)
    if isinstance(made, SdkTracer):
        made.sampler = OverridableSampler(made.sampler)


def flush(timeout_millis: int = 30_000) -> bool:
    """Writes what has ended so far to MLflow; other exporters keep their own pace. False where some of it waits."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from genspan.exporters.content import behind
    from genspan.exporters.mlflow.exporter import MlflowSpanExporter

    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        return True
    done = True
    for processor in provider._active_span_processor._span_processors:
        if isinstance(processor, BatchSpanProcessor) and isinstance(
            behind(processor.span_exporter), MlflowSpanExporter
        ):
            done = (
                processor.force_flush(timeout_millis) and processor.span_exporter.force_flush(timeout_millis) and done
            )
    return done


def redirect(tracking_uri: str) -> None:
    """Has this process's exporters write to another tracking URI from now on."""
    from genspan.exporters.mlflow.exporter import MlflowSpanExporter

    for exporter in MlflowSpanExporter.running():
        exporter.redirect(tracking_uri)


def flush_trace_async_logging(terminate: bool = False) -> None:
    """Writes what has ended so far, and waits for it. `terminate` is MLflow's: here nothing needs to be ended."""
    flush()
