"""OpenTelemetry's span exporter for MLflow."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.delivery import Delivery
from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.exporters.mlflow.metrics import ExporterMetrics, NoMetrics, exporter_metrics
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.outbox import Outbox
from genspan.exporters.mlflow.outbox_folder import find_folder
from genspan.exporters.mlflow.outbox_report import waiting
from genspan.exporters.mlflow.source import program_metadata
from genspan.exporters.mlflow.stores import Experiment, open_store
from genspan.exporters.mlflow.switches import Switches
from genspan.exporters.mlflow.tracking import Tracking
from genspan.exporters.mlflow.translate import translate
from genspan.exporters.mlflow.untraced import untraced

_logger = logging.getLogger(__name__)

FORK_TIME: Final = 2.0
"""Seconds that a fork waits for a write to end. A batch takes milliseconds."""


class MlflowSpanExporter(SpanExporter):
    """Writes spans as MLflow traces.

    Where to: the arguments, else `MLFLOW_TRACKING_URI` (default `sqlite:///mlflow.db`), `MLFLOW_EXPERIMENT_NAME` and
    `MLFLOW_EXPERIMENT_ID`. A tracking URI that this version cannot write to is logged, and spans are dropped.

    Never raises. Traces that the store cannot take now wait on disk (see `outbox`), which is a success.
    """

    _running: ClassVar[weakref.WeakSet[MlflowSpanExporter]] = weakref.WeakSet()

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment_name: str | None = None,
        experiment_id: str | None = None,
    ) -> None:
        self._tracking = Tracking.read(
            os.environ, uri=tracking_uri, experiment_name=experiment_name, experiment_id=experiment_id
        )
        self.switches = Switches.read(os.environ)
        self._metrics, self._delivery = _opened(self._tracking) if self.switches.on else (NoMetrics(), None)
        self._is_shut_down = False
        self._running.add(self)
        _watch_forks(self)

    @property
    def tracking_uri(self) -> str:
        """Where it writes to, with credentials if they are in there."""
        return self._tracking.uri

    @classmethod
    def running(cls) -> Sequence[MlflowSpanExporter]:
        """The exporters of this process that have not been shut down."""
        return [exporter for exporter in tuple(cls._running) if not exporter._is_shut_down]

    def redirect(self, tracking_uri: str) -> None:
        """Writes to another tracking URI from now on; what could not be written to the one before waits for it."""
        if self._is_shut_down:
            return
        before = self._delivery
        self._tracking = replace(self._tracking, uri=tracking_uri)
        self._metrics, self._delivery = _opened(self._tracking)
        if before is not None:
            with untraced():
                before.close()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes a batch, or has it wait on disk: within `delivery.EXPORT_TIME`, whatever the store does.

        FAILURE where spans are rejected for good (they are set aside, with the reason), and where not even the disk
        takes them, so that they are lost if the program ends before it does.
        """
        delivery = self._delivery
        if delivery is None or self._is_shut_down:
            return SpanExportResult.FAILURE if self.switches.on else SpanExportResult.SUCCESS
        spans = self.switches.sampled(spans)
        with untraced(), self._metrics.exporting(len(spans)):
            try:
                delivered = [
                    delivery.deliver(_traces(members), experiment)
                    for experiment, members in _by_experiment(spans).items()
                ]
            except Exception:
                _logger.exception("%d spans are lost", len(spans))
                return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS if all(delivered) else SpanExportResult.FAILURE

    def announce(self, spans: Sequence[ReadableSpan]) -> None:
        """Writes spans that have not ended, so that their traces are seen as in progress. See `in_progress`.

        Where the store cannot take them now, they wait before their own ends. Databricks takes no such traces.
        """
        delivery = self._delivery
        if delivery is None or self._is_shut_down or self._tracking.uri.startswith("databricks"):
            return
        with untraced():
            try:
                for experiment, members in _by_experiment(self.switches.sampled(spans)).items():
                    traces = _traces(members)
                    for trace in traces:
                        _mark_running(trace)
                    delivery.deliver(traces, experiment)
            except Exception:
                _logger.exception("%d running spans are not shown", len(spans))

    def hasten(self, seconds: float) -> None:
        """Has `export` give the store no more than so many seconds from now on, as at the end of a process."""
        if self._delivery is not None:
            self._delivery.hasten(seconds)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Tries once more to write what waits in the outbox; True where nothing is left there."""
        if self._delivery is None or self._is_shut_down:
            return True
        with untraced():
            return self._delivery.flush(timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Tries once more to write what waits in the outbox; the rest stays there for the next program.

        Takes no longer than `timeout_millis`, and no longer than `delivery.SHUTDOWN_TIME` without an answer of the
        store's.
        """
        if self._delivery is None or self._is_shut_down:
            return
        self._is_shut_down = True
        with untraced():
            self._delivery.close(timeout_millis / 1000)


def _opened(tracking: Tracking) -> tuple[ExporterMetrics | NoMetrics, Delivery | None]:
    try:
        store = open_store(tracking.uri)
    except ValueError as error:
        _logger.error("%s", error)
        return NoMetrics(), None
    outbox = Outbox(find_folder(os.environ), store.uri)
    metrics = exporter_metrics(os.environ, store.uri, partial(waiting, outbox.path))
    return metrics, Delivery(store, outbox, tracking.experiment, metrics)


def _by_experiment(spans: Sequence[ReadableSpan]) -> dict[Experiment | None, list[ReadableSpan]]:
    """Spans by the experiment that they name in `mlflow.experimentId`; None is the one that was set."""
    found: dict[Experiment | None, list[ReadableSpan]] = {}
    for span in spans:
        identifier = (span.attributes or {}).get(SpanAttributeKey.EXPERIMENT_ID)
        found.setdefault(Experiment(id=str(identifier)) if identifier else None, []).append(span)
    return found


def _traces(spans: Sequence[ReadableSpan]) -> list[MlflowTrace]:
    by_resource: dict[int, list[ReadableSpan]] = {}
    for span in spans:
        by_resource.setdefault(id(span.resource), []).append(span)
    return [
        trace
        for members in by_resource.values()
        for trace in assemble([translate(span) for span in members], members[0].resource.attributes, program_metadata())
    ]


def _mark_running(trace: MlflowTrace) -> None:
    trace.state, trace.execution_duration = "IN_PROGRESS", None
    for span in trace.spans:
        span.is_running = True


def _watch_forks(exporter: MlflowSpanExporter) -> None:
    """Keeps forks and writes apart.

    A child born in the midst of a transaction could never write to that file: its copy of SQLite believes that the
    process holds the lock (SQLite, "How To Corrupt An SQLite Database File", 2.6).
    """
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(exporter)
    release: list[Callable[[], None]] = []

    def delivery() -> Delivery | None:
        exporter = reference()
        return None if exporter is None or exporter._is_shut_down else exporter._delivery

    def before() -> None:
        if (writing := delivery()) is not None:
            release.append(writing.hold(FORK_TIME))

    def after() -> None:
        while release:
            release.pop()()

    def after_in_child() -> None:
        release.clear()
        if (writing := delivery()) is not None:
            writing.begin_in_child()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after_in_child)
