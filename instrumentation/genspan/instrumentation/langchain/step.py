"""A step of the app's own: a graph's node, a runnable that the app has named. Not an operation of the conventions."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode, set_span_in_context

from genspan.instrumentation.core import Attributes, Failure, Operation, Telemetry, guarded


class Step(Operation):
    """A plain INTERNAL span around what happens in a step: no metrics, no events."""

    def __init__(self, telemetry: Telemetry, name: str, parent: Context) -> None:
        span = telemetry.tracer.start_span(name, parent)
        super().__init__(telemetry, name, span, parent, {})
        self.recording = span.is_recording()
        self.context = set_span_in_context(span, parent)

    def _sum_up(self, fresh: Attributes) -> None:
        pass

    def _report(self, seconds: float, error: BaseException | Failure | None) -> None:
        if isinstance(error, BaseException):
            self.span.set_status(Status(StatusCode.ERROR, guarded(str, error) or ""))
            guarded(self.span.record_exception, error)
