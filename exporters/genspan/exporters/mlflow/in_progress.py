"""Traces that are seen in MLflow while they run.

An exporter is told of a span when it has ended; what runs for minutes, as an agent may, would not be seen until then.
So this span processor watches for starts: a trace whose first span in this process has run for a second is written as
IN_PROGRESS, with its name and whatever else is known of it. The span's end, by way of the exporter, finishes it.

A program that crashes leaves its traces IN_PROGRESS.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor


class Announcing(Protocol):
    """An exporter that shows running spans: `MlflowSpanExporter`, or one that stands before it."""

    def announce(self, spans: Sequence[ReadableSpan], /) -> None:
        """Writes spans that have not ended."""


SECONDS: Final = 1.0
"""How long a span runs before its trace is written: most never are, and cost nothing."""


class InProgressSpanProcessor(SpanProcessor):
    """Has an exporter write traces that are running. Does nothing in the app's path but to note a span.

    Add it to a tracer provider beside the processor of the same exporter. The distribution does so where
    `GENSPAN_MLFLOW_IN_PROGRESS` is true.
    """

    def __init__(self, exporter: Announcing, seconds: float = SECONDS) -> None:
        self._exporter = exporter
        self._seconds = seconds
        self._watch: threading.Thread | None = None
        self._begin()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Notes a span that is the first of its trace in this process, if it is sampled."""
        context, parent = span.get_span_context(), span.parent
        if context is None or not context.trace_flags.sampled or (parent is not None and not parent.is_remote):
            return
        if self._process != os.getpid():  # A forked child: the spans are its parent's, and so is the thread.
            self._begin()
        self._running[context.span_id] = (time.monotonic() + self._seconds, span)
        if self._watch is None:
            self._watch = threading.Thread(target=self._announce, name="genspan-mlflow-in-progress", daemon=True)
            self._watch.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Forgets the span."""
        if span.context is not None:
            self._running.pop(span.context.span_id, None)

    def shutdown(self) -> None:
        """Ends the watch. What still runs is not written any more."""
        self._is_over.set()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Does nothing: what has ended is the exporter's affair."""
        return True

    def _begin(self) -> None:
        self._process = os.getpid()
        self._running: dict[int, tuple[float, Span]] = {}
        """By span id, in the order of their starts: when each is due, and the span."""
        self._is_over = threading.Event()
        self._watch = None

    def _announce(self) -> None:
        # Should two threads of the app have started two of these at once, the first ends here.
        while self._watch is threading.current_thread() and not self._is_over.wait(self._seconds / 2):
            now = time.monotonic()
            due = [(id, span) for id, (when, span) in list(self._running.items()) if when <= now]
            for id, _ in due:
                self._running.pop(id, None)
            if running := [span for _, span in due if span.end_time is None]:
                self._exporter.announce(running)
