"""The usual end of a process: all destinations get what is left at the same time, and within one bound for all.

The SDK (opentelemetry-sdk 1.45) ends one processor after the other, and gives each up to 30 s.
"""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._shared_internal import BatchProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider

_logger = logging.getLogger(__name__)


@runtime_checkable
class Hastening(Protocol):
    """An exporter that has an outbox for what it cannot write in time: MLflow's."""

    def hasten(self, seconds: float) -> None:
        """Has an export take no longer than so many seconds from now on."""


def end_within(seconds: float) -> None:
    """Has the SDK's providers that are in charge end within so many seconds, in place of their own ways to do so.

    What has not been sent by then is dropped, and the log says of which exporter; but for MLflow, which gives to its
    outbox what it cannot write in half of that. Processors that are no batch processors take as long as they do. An SDK
    that is made otherwise than those known here ends in its own way.
    """
    providers = _providers()
    if not all(map(_is_known, providers)):
        _logger.debug("The end takes as long as this version of OpenTelemetry's SDK lets it")
        return
    for provider in providers:
        atexit.unregister(provider.shutdown)
    atexit.register(_end, seconds)


def _providers() -> list[TracerProvider | LoggerProvider | MeterProvider]:
    found = (trace.get_tracer_provider(), get_logger_provider(), metrics.get_meter_provider())
    return [provider for provider in found if isinstance(provider, (TracerProvider, LoggerProvider, MeterProvider))]


def _end(seconds: float) -> None:
    # Not at the start, which they would slow down.
    from genspan.exporters.content.exporter import behind

    providers = [provider for provider in _providers() if not _has_ended(provider)]
    processors = [processor for provider in providers for processor in _processors(provider)]
    for processor in processors:
        if _batch(processor) is None:  # It may have something to hand to the others yet.
            _try(processor.shutdown)
    deadline = time.monotonic() + seconds
    batches = [batch for processor in processors if (batch := _batch(processor)) is not None and not batch._shutdown]
    for batch in batches:  # Their threads send from here on, at the same time.
        if isinstance(exporter := behind(batch._exporter), Hastening):
            exporter.hasten(seconds / 2)
        batch._shutdown = True
        batch._worker_awaken.set()
    for reader in (reader for provider in providers for reader in _periodic(provider)):
        reader._shutdown_event.set()
    # MLflow first: it has an outbox to write what is left to, and is not to wait for who does not answer.
    batches.sort(key=lambda batch: not isinstance(behind(batch._exporter), Hastening))
    late = [name for batch in batches if (name := _finish(batch, deadline))]
    for provider in providers:
        if isinstance(provider, MeterProvider):
            late += _finish_metrics(provider, deadline)
    if late:
        _logger.warning("Not all was sent in the %g s that the end may take (%s)", seconds, ", ".join(late))


def _finish(batch: BatchProcessor[Any], deadline: float) -> str | None:
    """Waits for the thread of a batch processor, and ends its exporter; the exporter's name if it was not done."""
    from genspan.exporters.content.exporter import behind, shut_down

    batch._worker_thread.join(_left(deadline))
    is_late = batch._worker_thread.is_alive()
    batch._shutdown_timeout_exceeded = True
    _try(partial(shut_down, batch._exporter, _left(deadline) * 1000))
    return type(behind(batch._exporter)).__name__ if is_late else None


def _finish_metrics(provider: MeterProvider, deadline: float) -> list[str]:
    _try(partial(provider.shutdown, timeout_millis=max(1.0, _left(deadline) * 1000)))
    return [
        type(reader._exporter).__name__
        for reader in _periodic(provider)
        if reader._daemon_thread is not None and reader._daemon_thread.is_alive()
    ]


def _try(end: Callable[[], object]) -> None:
    try:
        end()
    except Exception:
        _logger.debug("%r failed", end, exc_info=True)


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


# The SDK (1.43 to 1.45) has no public names for all that follows.

_BATCH_PARTS: Final = ("_exporter", "_shutdown", "_shutdown_timeout_exceeded", "_worker_awaken", "_worker_thread")
_READER_PARTS: Final = ("_daemon_thread", "_exporter", "_shutdown_event")


def _is_known(provider: TracerProvider | LoggerProvider | MeterProvider) -> bool:
    """Whether this version of the SDK has what is needed to end a provider from here."""
    try:
        _has_ended(provider)
        batches = [batch for processor in _processors(provider) if (batch := _batch(processor)) is not None]
        readers = list(_periodic(provider))
    except AttributeError:
        return False
    return all(hasattr(batch, part) for batch in batches for part in _BATCH_PARTS) and all(
        hasattr(reader, part) for reader in readers for part in _READER_PARTS
    )


def _has_ended(provider: TracerProvider | LoggerProvider | MeterProvider) -> bool:
    """Whether the app has shut it down itself."""
    if isinstance(provider, LoggerProvider):
        return provider._at_exit_handler is None
    return provider._atexit_handler is None


def _processors(provider: TracerProvider | LoggerProvider | MeterProvider) -> Iterator[Any]:
    if isinstance(provider, TracerProvider):
        yield from provider._active_span_processor._span_processors
    elif isinstance(provider, LoggerProvider):
        yield from provider._multi_log_record_processor._log_record_processors


def _periodic(provider: TracerProvider | LoggerProvider | MeterProvider) -> Iterator[PeriodicExportingMetricReader]:
    if isinstance(provider, MeterProvider):
        for reader in provider._metric_readers:
            if isinstance(reader, PeriodicExportingMetricReader):
                yield reader


def _batch(processor: object) -> BatchProcessor[Any] | None:
    found = getattr(processor, "_batch_processor", None)
    return found if isinstance(found, BatchProcessor) else None
