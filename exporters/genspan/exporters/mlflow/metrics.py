"""What the exporter measures of itself, in OpenTelemetry's conventions for the SDK's own metrics.

Off, as in the SDK (1.45), unless `OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED=true`:

- `otel.sdk.exporter.span.inflight`: spans in an export that has not returned.
- `otel.sdk.exporter.span.exported`: spans whose way has ended, each once, by whatever process it does: written, or with
  an `error.type`: `rejected` by the store and set aside; `outbox_full`, dropped to make room. Spans that wait in the
  outbox are not among them yet.
- `otel.sdk.exporter.operation.duration`: seconds of each try to write traces, with an `error.type` where they have to
  wait.
- `genspan.exporter.outbox.trace.count`: traces that wait in the outbox, for which the conventions have no name.

All with `otel.component.type` and `otel.component.name`, and `server.address` and `server.port` where there is one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.metrics import CallbackOptions, Observation, get_meter

INTERNAL_METRICS_ENABLED: Final = "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"
"""OpenTelemetry's variable; opentelemetry-sdk before 1.43 does not have the name."""

COMPONENT_TYPE: Final = "genspan.exporters.mlflow.MlflowSpanExporter"
_instances = itertools.count()
_PORTS: Final = {"http": 80, "https": 443}


class ExporterMetrics:
    """Instruments of one exporter. `waiting` gives the number of traces in its outbox; None where nobody knows."""

    def __init__(self, uri: str, waiting: Callable[[], int | None]) -> None:
        self._attributes = {
            "otel.component.type": COMPONENT_TYPE,
            "otel.component.name": f"{COMPONENT_TYPE}/{next(_instances)}",
            **_server(uri),
        }
        meter = get_meter("genspan.exporters.mlflow")
        self._inflight = meter.create_up_down_counter("otel.sdk.exporter.span.inflight", "{span}")
        self._exported = meter.create_counter("otel.sdk.exporter.span.exported", "{span}")
        self._duration = meter.create_histogram("otel.sdk.exporter.operation.duration", "s")

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            count = waiting()
            return [] if count is None else [Observation(count, self._attributes)]

        meter.create_observable_up_down_counter("genspan.exporter.outbox.trace.count", [observe], "{trace}")

    @contextmanager
    def exporting(self, spans: int) -> Iterator[None]:
        """Counts spans as in flight while the block lasts."""
        self._inflight.add(spans, self._attributes)
        try:
            yield
        finally:
            self._inflight.add(-spans, self._attributes)

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Measures the block, and what it raises."""
        start, failure = perf_counter(), {}
        try:
            yield
        except Exception as error:
            failure = {"error.type": type(error).__qualname__}
            raise
        finally:
            self._duration.record(perf_counter() - start, {**self._attributes, **failure})

    def concluded(self, spans: int, error_type: str | None = None) -> None:
        """Counts spans that are written, or never will be."""
        if spans:
            failure = {} if error_type is None else {"error.type": error_type}
            self._exported.add(spans, {**self._attributes, **failure})


class NoMetrics:
    """Measures nothing."""

    def exporting(self, spans: int) -> AbstractContextManager[None]:
        """See ExporterMetrics."""
        return nullcontext()

    def operation(self) -> AbstractContextManager[None]:
        """See ExporterMetrics."""
        return nullcontext()

    def concluded(self, spans: int, error_type: str | None = None) -> None:
        """See ExporterMetrics."""


def exporter_metrics(
    environ: Mapping[str, str], uri: str, waiting: Callable[[], int | None]
) -> ExporterMetrics | NoMetrics:
    """What the environment asks for."""
    enabled = environ.get(INTERNAL_METRICS_ENABLED, "").strip().lower() == "true"
    return ExporterMetrics(uri, waiting) if enabled else NoMetrics()


def _server(uri: str) -> dict[str, str | int]:
    parts = urlsplit(uri)
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = None
    return {
        name: value
        for name, value in (("server.address", parts.hostname), ("server.port", port))
        if parts.scheme in _PORTS and value is not None
    }
