"""Spans of a tracer provider that is not OpenTelemetry's SDK: what can be written, but not read back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span
from opentelemetry.trace import Link, SpanContext, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from genspan.exporters.context_attributes import ContextAttributesProcessor

from . import processor


class ForeignSpan(trace.Span, ReadableSpan):
    """A span of another's that remembers what is written to it, so that it can be read like the SDK's.

    No span processor sees it: what the one of this API does is done by the span itself.
    """

    def __init__(
        self, foreign: trace.Span, name: str, parent: SpanContext | None, links: Sequence[Link], start_time: int | None
    ) -> None:
        super().__init__(
            name,
            foreign.get_span_context(),
            parent,
            attributes={},
            events=[],
            links=list(links),
            status=Status(StatusCode.UNSET),
            start_time=start_time or time.time_ns(),
        )
        self.foreign = foreign
        """The span itself, as other tracers know it."""

    @classmethod
    def begun(
        cls,
        foreign: trace.Span,
        name: str,
        context: Context | None,
        attributes: Mapping[str, AttributeValue],
        links: Sequence[Link],
        start_time: int | None,
    ) -> Span:
        """That of a span that has begun in a context, with these. It does what the SDK's does."""
        above = trace.get_current_span(context).get_span_context()
        span = cast(Span, cls(foreign, name, above if above.is_valid else None, links, start_time))
        cast(ForeignSpan, span)._written.update(attributes)
        for one in (ContextAttributesProcessor(), processor.TraceProcessor()):
            one.on_start(span, context)
        return span

    @property
    def _written(self) -> dict[str, AttributeValue]:
        attributes: Any = self._attributes
        return attributes  # type: ignore[no-any-return]

    def get_span_context(self) -> SpanContext:
        """The foreign span's own."""
        return self.foreign.get_span_context()

    def is_recording(self) -> bool:
        """Until it ends."""
        return self._end_time is None and self.foreign.is_recording()

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Writes and remembers."""
        self._written.update(attributes)
        self.foreign.set_attributes(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Writes and remembers."""
        self.set_attributes({key: value})

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Writes and remembers."""
        self._events = [*self._events, Event(name, attributes, timestamp)]
        self.foreign.add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Writes and remembers."""
        self._links = [*self._links, Link(context, attributes)]
        self.foreign.add_link(context, attributes)

    def update_name(self, name: str) -> None:
        """Writes and remembers."""
        self._name = name
        self.foreign.update_name(name)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Writes and remembers; the first OK stays, as in the SDK."""
        if self._status.status_code is not StatusCode.OK:
            self._status = status if isinstance(status, Status) else Status(status, description)
        self.foreign.set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Writes."""
        self.foreign.record_exception(exception, attributes, timestamp, escaped)

    def end(self, end_time: int | None = None) -> None:
        """Ends both, once."""
        if self._end_time is not None:
            return
        processor.complete(cast(Span, self))
        self._end_time = end_time or time.time_ns()
        self.foreign.end(end_time)
        processor.ended(self)
