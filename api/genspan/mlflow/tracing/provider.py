"""OpenTelemetry as this API finds it, or sets it up: one tracer provider for everything in the process."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from importlib.metadata import entry_points, version

from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, Tracer

from genspan.exporters.mlflow.keys import API_SCOPE
from genspan.mlflow import settings
from genspan.semconv import SCHEMA_URL

_logger = logging.getLogger("genspan.mlflow")

_lock = threading.RLock()


@dataclass
class _Process:
    ready: tuple[trace.TracerProvider, Tracer] | None = None


_process = _Process()


def tracer() -> Tracer:
    """The tracer of this API. On first use in a process where nobody has set OpenTelemetry up, that is done here."""
    ready = _process.ready
    if ready is not None and ready[0] is trace.get_tracer_provider():
        return ready[1]
    with _lock:
        return _prepared()


def _prepared() -> Tracer:
    # Who only reads does not wait for OpenTelemetry's SDK to be imported: here, and below.
    from genspan.exporters.tracer_providers import has_mlflow

    try:
        uri = settings.chosen_tracking_uri()
        if not has_mlflow(trace.get_tracer_provider()):
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
        _follow(provider, made)
    _process.ready = (provider, made)
    return made


def _set_up() -> None:
    """As `opentelemetry-instrument` does, but for the instrumentors: those are `autolog`'s."""
    for group in ("opentelemetry_distro", "opentelemetry_configurator"):
        (point,) = entry_points(group=group, name="genspan")
        point.load()().configure()


def _follow(provider: trace.TracerProvider, made: Tracer) -> None:
    from opentelemetry.sdk.trace import Tracer as SdkTracer

    from genspan.exporters.context_attributes import ContextAttributesProcessor
    from genspan.exporters.tracer_providers import OpenTracerProvider, add_once

    from .processor import TraceProcessor
    from .sampling import OverridableSampler

    if not isinstance(provider, OpenTracerProvider):
        _logger.warning(
            "%s is in charge of tracing, and takes no span processors. This API makes its spans there; those of other "
            "tracers it does not see, sampling ratios have no effect, and no traces go to MLflow",
            type(provider).__qualname__,
        )
        return
    add_once(provider, ContextAttributesProcessor)
    add_once(provider, TraceProcessor)
    inner = made if isinstance(made, SdkTracer) else getattr(made, "tracer", None)  # Logfire's stands before the SDK's.
    if isinstance(inner, SdkTracer) and not isinstance(inner.sampler, OverridableSampler):
        inner.sampler = OverridableSampler(inner.sampler)


def flush(timeout_millis: int = 30_000) -> bool:
    """Writes what has ended so far to MLflow; other exporters keep their own pace. False where some of it waits.

    Where the processors of the provider in charge cannot be told apart, all of them are flushed.
    """
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from genspan.exporters.content import behind
    from genspan.exporters.mlflow.exporter import MlflowSpanExporter
    from genspan.exporters.tracer_providers import OpenTracerProvider, sdk_behind, span_processors

    provider = trace.get_tracer_provider()
    sdk = sdk_behind(provider)
    if sdk is None:
        return provider.force_flush(timeout_millis) if isinstance(provider, OpenTracerProvider) else True
    done = True
    for processor in span_processors(sdk):
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
