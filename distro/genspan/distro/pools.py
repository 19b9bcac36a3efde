"""Pools of `multiprocessing`, whose end kills their workers by SIGTERM: what these have recorded is sent before.

`with Pool() as pool:` ends so, and a pool that is dropped, or there until the program's end. The process that kills
asks its workers first, and each answers from a thread of its own, whatever it is busy with. A worker cannot see to it
alone: a handler for SIGTERM runs only when Python's main thread comes to it, so that one that is busy in C could not be
ended any more.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import wrapt
from opentelemetry import trace

from genspan.distro.settings import FLUSH_TIME, exit_time
from genspan.distro.workers import flush_spans_and_events
from genspan.exporters.tracer_providers import OpenTracerProvider
from genspan.instrumentation.core import guarded

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    Workers = WeakKeyDictionary[BaseProcess, Connection]

_workers: WeakKeyDictionary[object, Workers] = WeakKeyDictionary()
"""The connections to ask a pool's workers by; the pool goes by the queue that its workers take tasks from."""


def flush_before_the_end_of_pools() -> None:
    """Has workers of pools that are made from now on send their last spans. Imports nothing of `multiprocessing`."""
    wrapt.when_imported("multiprocessing.pool")(_imported)


def _imported(module: ModuleType) -> None:
    wrapt.wrap_function_wrapper(module, "Pool.Process", _make)
    # Once this has returned, no worker takes another task; all that is left is to kill them (Python 3.10 to 3.14).
    wrapt.wrap_function_wrapper(module, "Pool._help_stuff_finish", _end)


def _make(wrapped: Callable[..., Any], instance: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    pair = guarded(_connections)
    if pair is None:
        return wrapped(*args, **kwargs)
    ours, theirs = pair
    process = wrapped(*args, **{**kwargs, "target": Worker(kwargs["target"], theirs)})
    _workers.setdefault(kwargs["args"][0], WeakKeyDictionary())[process] = ours
    return process


def _connections() -> tuple[Connection, Connection] | None:
    """Both ends of a connection, None where a worker may be a Python that has no genspan."""
    from multiprocessing import Pipe, spawn

    return Pipe() if os.fsdecode(spawn.get_executable()) == sys.executable else None


def _end(wrapped: Callable[..., Any], instance: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    returned = wrapped(*args, **kwargs)
    workers = _workers.get(args[0])
    if workers:
        guarded(_ask, workers)
    return returned


def _ask(workers: Workers) -> None:
    """Returns when all have answered, or ended, or the time that a flush takes is over."""
    from multiprocessing.connection import wait

    deadline = time.monotonic() + exit_time(os.environ, FLUSH_TIME)
    asked = list(workers.items())
    for _, connection in asked:
        with suppress(OSError):
            connection.send_bytes(b"flush")
    for process, connection in asked:
        wait([connection, process.sentinel], max(0.0, deadline - time.monotonic()))


@dataclass(frozen=True)
class Worker:
    """What a worker runs."""

    target: Callable[..., object]
    connection: Connection
    """The worker's end."""

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        """Does the work of the pool, ready to be asked."""
        ending = threading.Event()
        guarded(threading.Thread(target=self._answer, args=(ending,), name="genspan-pool", daemon=True).start)
        try:
            return self.target(*args, **kwargs)
        finally:
            ending.set()

    def _answer(self, ending: threading.Event) -> None:
        with suppress(OSError, EOFError):  # The pool's process may have ended.
            self.connection.recv_bytes()
            provider = trace.get_tracer_provider()
            if isinstance(provider, OpenTracerProvider):
                flush_spans_and_events(provider)
            # A worker that ends by itself sends its spans at its end, and meanwhile there is nothing to flush.
            if not ending.is_set():
                self.connection.send_bytes(b"flushed")
