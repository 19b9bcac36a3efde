"""Processes that end without Python's usual end, and would take their last spans, events and metrics with them."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

import wrapt
from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter_provider
from opentelemetry.sdk.trace import TracerProvider

from genspan.distro.settings import FLUSH_TIME, exit_time
from genspan.exporters.tracer_providers import OpenTracerProvider


def flush_at_the_end_of(provider: OpenTracerProvider) -> None:
    """Has processes send their last spans that end so that no `atexit` handler runs. Imports none of the modules.

    - Workers forked by `multiprocessing`, or by Celery's copy of it: they end by `os._exit`. Those of Celery's pool do
      so before their finalizers (billiard 4.3), but not before Celery's own signal.
    - uvicorn, which after its orderly end raises the signal again that ended it (0.54).

    Events go as well; metrics only from workers that serve: a fork has those that its parent counted before, and would
    send them once more.
    """

    def imported(util: ModuleType) -> None:
        util.register_after_fork(provider, lambda forked: _forked(util, forked))

    for name in ("multiprocessing.util", "billiard.util"):
        wrapt.when_imported(name)(imported)
    wrapt.when_imported("celery.signals")(functools.partial(_flush_before_celerys_exit, provider))
    wrapt.when_imported("uvicorn.server")(functools.partial(_flush_after_shutdown, provider))


def _forked(util: ModuleType, provider: OpenTracerProvider) -> None:
    util.Finalize(None, flush_spans_and_events, args=(provider,), exitpriority=0)


def _flush_before_celerys_exit(provider: OpenTracerProvider, signals: ModuleType) -> None:
    def ending(**kwargs: Any) -> None:
        with suppress(ImportError, OSError):
            from billiard.util import set_pdeathsig  # type: ignore[import-untyped]

            # Celery (5.7) has the kernel kill a child when its parent dies; but that is when the thread ends that made
            # the child, which for one that replaces another may be now.
            set_pdeathsig(0)
        flush(provider, get_logger_provider(), get_meter_provider())

    signals.worker_process_shutdown.connect(ending, weak=False)


def _flush_after_shutdown(provider: OpenTracerProvider, server: ModuleType) -> None:
    async def shutdown(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        try:
            return await wrapped(*args, **kwargs)
        finally:
            # Nothing else runs in this event loop any more.
            flush(provider, get_logger_provider(), get_meter_provider())

    wrapt.wrap_function_wrapper(server, "Server.shutdown", shutdown)


@runtime_checkable
class Flushing(Protocol):
    """A provider of the SDK's, or one that stands before it, or a processor; the API's own have nothing to send."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Sends what there is so far."""


def flush_spans_and_events(provider: OpenTracerProvider) -> None:
    """Sends the spans and events that have ended so far: see `flush`."""
    flush(provider, get_logger_provider())


def flush(*providers: object) -> None:
    """Sends what each provider has so far, and returns after `FLUSH_TIME`, or the time that is set, done or not.

    The SDK's own `force_flush` takes as long as the exporters do, whatever it is told, and has one wait for another
    (opentelemetry-sdk 1.45).
    """
    seconds = exit_time(os.environ, FLUSH_TIME)
    deadline = time.monotonic() + seconds
    flushing = []
    for part in (part for provider in providers for part in _parts(provider)):
        thread = threading.Thread(target=_flush, args=(part, seconds), name="genspan-flush", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python 3.12 starts no more threads once the interpreter ends.
            _flush(part, seconds)
        else:
            flushing.append(thread)
    for thread in flushing:
        thread.join(max(0.0, deadline - time.monotonic()))


def _parts(provider: object) -> Iterator[Flushing]:
    """What can be flushed at the same time."""
    if isinstance(provider, TracerProvider):
        yield from provider._active_span_processor._span_processors
    elif isinstance(provider, Flushing):
        yield provider


def _flush(part: Flushing, seconds: float) -> None:
    with suppress(Exception):  # The SDK's meter provider raises for what its exporters have logged.
        part.force_flush(int(seconds * 1000))
