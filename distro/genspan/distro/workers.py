"""Processes that end without Python's usual end, and would take their last spans with them."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import wrapt

from genspan.distro.settings import FLUSH_TIME, exit_time
from genspan.exporters.tracer_providers import OpenTracerProvider


def flush_at_the_end_of(provider: OpenTracerProvider) -> None:
    """Has processes send their last spans that end so that no `atexit` handler runs. Imports none of the modules.

    - Workers forked by `multiprocessing`, or by Celery's copy of it: they end by `os._exit`. Those of Celery's pool do
      so before their finalizers (billiard 4.3), but not before Celery's own signal.
    - uvicorn, which after its orderly end raises the signal again that ended it (0.54).
    """

    def imported(util: ModuleType) -> None:
        util.register_after_fork(provider, lambda forked: _forked(util, forked))

    for name in ("multiprocessing.util", "billiard.util"):
        wrapt.when_imported(name)(imported)
    wrapt.when_imported("celery.signals")(functools.partial(_flush_before_celerys_exit, provider))
    wrapt.when_imported("uvicorn.server")(functools.partial(_flush_after_shutdown, provider))


def _forked(util: ModuleType, provider: OpenTracerProvider) -> None:
    util.Finalize(None, flush, args=(provider,), exitpriority=0)


def _flush_before_celerys_exit(provider: OpenTracerProvider, signals: ModuleType) -> None:
    def ending(**kwargs: Any) -> None:
        flush(provider)

    signals.worker_process_shutdown.connect(ending, weak=False)


def _flush_after_shutdown(provider: OpenTracerProvider, server: ModuleType) -> None:
    async def shutdown(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        try:
            return await wrapped(*args, **kwargs)
        finally:
            flush(provider)  # Nothing else runs in this event loop any more.

    wrapt.wrap_function_wrapper(server, "Server.shutdown", shutdown)


def flush(provider: OpenTracerProvider) -> None:
    """Sends what has ended so far, and returns after `FLUSH_TIME`, or the time that is set, whether it is done or not.

    The SDK's own `force_flush` takes as long as the exporters do, whatever it is told (opentelemetry-sdk 1.45).
    """
    seconds = exit_time(os.environ, FLUSH_TIME)
    flushing = threading.Thread(target=provider.force_flush, name="genspan-flush", daemon=True)
    try:
        flushing.start()
    except RuntimeError:  # Python 3.12 starts no more threads once the interpreter ends.
        provider.force_flush(int(seconds * 1000))
    else:
        flushing.join(seconds)
