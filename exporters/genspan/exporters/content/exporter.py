"""Exporters that stand before another and have it get what a policy allows, no more."""

from __future__ import annotations

import inspect
import logging
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from genspan.exporters.content import records, spans
from genspan.exporters.content.policy import ContentPolicy
from genspan.exporters.content.spans import ResourceFilter

_logger = logging.getLogger("genspan.exporters.content")

Exporter = TypeVar("Exporter", bound=SpanExporter)
Item = TypeVar("Item", ReadableSpan, ReadableLogRecord)


class ContentSpanExporter(SpanExporter):
    """A span exporter for one destination, with a policy of its own.

        processor = BatchSpanProcessor(ContentSpanExporter(OTLPSpanExporter(), ContentPolicy(content=False)))

    Runs where the exporter runs, in the batch processor's thread. Never changes a span: what the destination may not
    have whole, it has a copy of. A span that the policy cannot be applied to goes without all its attributes.
    """

    _made: ClassVar[weakref.WeakSet[ContentSpanExporter]] = weakref.WeakSet()

    def __init__(self, exporter: SpanExporter, policy: ContentPolicy) -> None:
        self.exporter = exporter
        """The one behind."""
        self.policy = policy
        self._filter = _Filter(policy, spans.apply, spans.without_content)
        self._made.add(self)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Exports the batch as the policy has it; returns, and raises, what the exporter behind does."""
        return self.exporter.export(self._filter(spans))

    def announce(self, spans: Sequence[ReadableSpan]) -> None:
        """Has an exporter that shows running spans, as MLflow's does, show them as the policy has them."""
        announce = getattr(self.exporter, "announce", None)
        if announce is not None:
            announce(self._filter(spans))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """The exporter's own."""
        return self.exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """The exporter's own."""
        shut_down(self.exporter, timeout_millis)


class ContentLogRecordExporter(LogRecordExporter):
    """A log record exporter for one destination, with a policy of its own: see `ContentSpanExporter`."""

    def __init__(self, exporter: LogRecordExporter, policy: ContentPolicy) -> None:
        self.exporter = exporter
        """The one behind."""
        self.policy = policy
        self._filter = _Filter(policy, records.apply, records.without_content)

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Exports the batch as the policy has it; returns, and raises, what the exporter behind does."""
        return self.exporter.export(self._filter(batch))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """The exporter's own."""
        return self.exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """The exporter's own."""
        shut_down(self.exporter, timeout_millis)


def behind(exporter: object) -> object:
    """The exporter that sends: the one behind, where there is one."""
    while isinstance(exporter, (ContentSpanExporter, ContentLogRecordExporter)):
        exporter = exporter.exporter
    return exporter


def in_front_of(exporter: Exporter) -> Exporter | ContentSpanExporter:
    """The exporter through which spans reach this one: the one with its policy, or the exporter itself."""
    for made in tuple(ContentSpanExporter._made):
        if made.exporter is exporter:
            return in_front_of(made)
    return exporter


def shut_down(exporter: Any, timeout_millis: float) -> None:
    """Shuts an exporter of any kind down, within that time if it takes one (OpenTelemetry's interface has none)."""
    if "timeout_millis" in inspect.signature(exporter.shutdown).parameters:
        exporter.shutdown(timeout_millis=timeout_millis)
    else:
        exporter.shutdown()


class _Filter:
    """A policy applied to batches."""

    def __init__(
        self, policy: ContentPolicy, apply: Callable[[ContentPolicy, Any, Resource], Any], bare: Callable[[Any], Any]
    ) -> None:
        self._policy, self._apply, self._bare = policy, apply, bare
        self._resource = ResourceFilter(policy)
        self._has_failed = False

    def __call__(self, batch: Sequence[Item]) -> list[Item]:
        return [self._one(item) for item in batch]

    def _one(self, item: Any) -> Any:
        try:
            return self._apply(self._policy, item, self._resource(item.resource))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing leaves that should not, and the rest does
            if not self._has_failed:
                self._has_failed = True
                # Not the error's own words: they may hold what was to be kept.
                _logger.error("The policy of content failed with %s: spans go without attributes", type(error).__name__)
            return self._bare(item)
