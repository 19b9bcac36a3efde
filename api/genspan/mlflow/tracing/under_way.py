"""The spans and traces that are under way in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import cast
from weakref import WeakValueDictionary

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX


class _UnderWay:
    """Nobody is kept alive for being here."""

    def __init__(self) -> None:
        self.roots: WeakValueDictionary[int, Span] = WeakValueDictionary()
        """The topmost span of each trace that we see: a root may have begun before this API was first used."""
        self.spans: WeakValueDictionary[tuple[int, int], Span] = WeakValueDictionary()
        """By trace and span id."""
        self.awaited: dict[int, list[Callable[[], None]]] = {}
        """What is to be done once the topmost span of a trace has ended."""
        self.renew_lock()

    def renew_lock(self) -> None:
        # Re-entrant: a span may end while one begins, as when the garbage collector closes a generator.
        self.lock = threading.RLock()


_under_way = _UnderWay()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_under_way.renew_lock)


def begin(span: Span) -> None:
    """Notes that a span is under way."""
    context = span.get_span_context()
    with _under_way.lock:
        _under_way.spans[context.trace_id, context.span_id] = span
        _under_way.roots.setdefault(context.trace_id, span)


def end(span: ReadableSpan) -> None:
    """Notes that a span has ended, and does what was to be done then."""
    context = span.get_span_context()
    if context is None:
        return
    awaited: list[Callable[[], None]] = []
    with _under_way.lock:
        _under_way.spans.pop((context.trace_id, context.span_id), None)
        root = _under_way.roots.get(context.trace_id)
        if root is not None and root.get_span_context().span_id == context.span_id:
            del _under_way.roots[context.trace_id]
            awaited = _under_way.awaited.pop(context.trace_id, [])
    if awaited:
        # Python waits for it at the end of the program.
        threading.Thread(target=lambda: [do() for do in awaited], name="genspan-mlflow-ended").start()


def stands_for(span: Span) -> None:
    """Notes that a span stands before the SDK's that is under way, as Logfire's (5.4), and is the one to be ended."""
    context = span.get_span_context()
    with _under_way.lock:
        if (context.trace_id, context.span_id) in _under_way.spans:
            _under_way.spans[context.trace_id, context.span_id] = span
            root = _under_way.roots.get(context.trace_id)
            if root is not None and root.get_span_context().span_id == context.span_id:
                _under_way.roots[context.trace_id] = span


def readable(span: trace.Span) -> Span | None:
    """What can be read of a span that is under way: itself, or the one that it stands before. None: not to be seen."""
    if isinstance(span, ReadableSpan):
        return cast(Span, span)  # Or one that is like it, as Logfire's (5.4).
    context = span.get_span_context()
    return _under_way.spans.get((context.trace_id, context.span_id))


def open_span(trace_id: str, span_id: str) -> Span | None:
    """A span that is under way, by MLflow's ids."""
    try:
        return _under_way.spans.get((_number(trace_id), int(span_id, 16)))
    except ValueError:
        return None


def open_root(trace_id: str) -> Span | None:
    """The topmost span that is under way of a trace, by MLflow's id."""
    try:
        root = _under_way.roots.get(_number(trace_id))
    except ValueError:
        return None
    return root if root is not None and root.is_recording() else None


def root_of(span: Span) -> Span:
    """The topmost span of the same trace that is under way."""
    root = _under_way.roots.get(span.get_span_context().trace_id)
    return root if root is not None and root.is_recording() else span


def when_ended(trace_id: str, do: Callable[[], None]) -> bool:
    """Has something done, in a thread of its own, once the topmost open span of a trace has ended.

    False where none is under way in this process: then nothing will be done.
    """
    root = open_root(trace_id)
    if root is None:
        return False
    number = root.get_span_context().trace_id
    with _under_way.lock:
        if _under_way.roots.get(number) is not root:
            return False
        _under_way.awaited.setdefault(number, []).append(do)
    return True


def _number(trace_id: str) -> int:
    return int(trace_id.removeprefix(TRACE_ID_PREFIX), 16)
