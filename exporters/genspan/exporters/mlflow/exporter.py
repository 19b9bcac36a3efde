"""OpenTelemetry's span exporter for MLflow."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.delivery import Delivery
from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.outbox import Outbox, find_folder
from genspan.exporters.mlflow.source import program_metadata
from genspan.exporters.mlflow.stores import Experiment, open_store
from genspan.exporters.mlflow.tracking import Tracking
from genspan.exporters.mlflow.translate import translate

_logger = logging.getLogger(__name__)

SHUTDOWN_TIME: Final = 5.0
"""Seconds that the end of the program is held up for traces that wait in the outbox."""


FORK_TIME: Final = 2.0
"""Seconds that a fork waits for an export to end. A batch takes milliseconds."""


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
        self._delivery = _delivery(self._tracking)
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._running.add(self)
        _watch_forks(self)

    @classmethod
    def running(cls) -> Sequence[MlflowSpanExporter]:
        """The exporters of this process that have not been shut down."""
        return [exporter for exporter in tuple(cls._running) if not exporter._is_shut_down]

    def redirect(self, tracking_uri: str) -> None:
        """Writes to another tracking URI from now on; what could not be written to the one before waits for it."""
        tracking = replace(self._tracking, uri=tracking_uri)
        with self._lock, _untraced():
            if self._is_shut_down:
                return
            if self._delivery is not None:
                self._delivery.close()
            self._tracking, self._delivery = tracking, _delivery(tracking)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes a batch in one transaction. FAILURE only where spans are lost for good."""
        with self._lock, _untraced():
            if self._delivery is None or self._is_shut_down:
                return SpanExportResult.FAILURE
            try:
                delivered = True
                for experiment, members in _by_experiment(spans).items():
                    delivered = self._delivery.deliver(_traces(members), experiment) and delivered
            except Exception:
                _logger.exception("%d spans are lost", len(spans))
                delivered = False
        return SpanExportResult.SUCCESS if delivered else SpanExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Tries once more to write what waits in the outbox; True where nothing is left there."""
        with self._lock, _untraced():
            return self._retry(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Tries once more to write what waits in the outbox; the rest stays there for the next program."""
        with self._lock, _untraced():
            if self._delivery is None or self._is_shut_down:
                return
            self._is_shut_down = True
            self._retry(SHUTDOWN_TIME)
            self._delivery.close()

    def _retry(self, seconds: float) -> bool:
        try:
            return self._delivery is None or self._delivery.retry(seconds)
        except Exception:
            _logger.exception("Traces that wait could not be written")
            return False


def _delivery(tracking: Tracking) -> Delivery | None:
    try:
        store = open_store(tracking.uri)
    except ValueError as error:
        _logger.error("%s", error)
        return None
    return Delivery(store, Outbox(find_folder(os.environ), store.uri), tracking.experiment)


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


@contextmanager
def _untraced() -> Iterator[None]:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        yield
    finally:
        detach(token)


def _watch_forks(exporter: MlflowSpanExporter) -> None:
    """Keeps forks and exports apart.

    A child born in the midst of a transaction could never write to that file: its copy of SQLite believes that the
    process holds the lock (SQLite, "How To Corrupt An SQLite Database File", 2.6).
    """
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(exporter)
    is_held = False

    def before() -> None:
        nonlocal is_held
        if (exporter := reference()) is not None:
            is_held = exporter._lock.acquire(timeout=FORK_TIME)

    def after() -> None:
        nonlocal is_held
        if is_held and (exporter := reference()) is not None:
            exporter._lock.release()
        is_held = False

    def after_in_child() -> None:
        if (exporter := reference()) is not None:
            exporter._lock = threading.Lock()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after_in_child)
