"""MLflow's API over a tracer provider of the test's own, which writes to a file and keeps what ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.mlflow import flavors, settings, tracing
from genspan.mlflow.tracing import enablement, provider
from support.telemetry import InMemoryTelemetry


class Tracing:
    """What the tested code recorded."""

    def __init__(self, telemetry: InMemoryTelemetry, uri: str) -> None:
        self._telemetry = telemetry
        self.uri = uri

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        """Spans by name; the last of each name."""
        return {span.name: span for span in self._telemetry.spans}

    @property
    def ended(self) -> list[str]:
        """Names in the order of their end."""
        return [span.name for span in self._telemetry.spans]

    @property
    def open_spans(self) -> int:
        return self._telemetry.open_spans

    def tree(self) -> dict[str, str | None]:
        """Each span's parent, by name."""
        names = {span.context.span_id: span.name for span in self._telemetry.spans if span.context}
        return {
            span.name: names.get(span.parent.span_id, "?") if span.parent else None for span in self._telemetry.spans
        }


@contextmanager
def tracing_to(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Tracing]:
    """The process set up anew, to write into that folder."""
    uri = f"sqlite:///{folder}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(folder / "outbox"))
    for name in (
        "MLFLOW_EXPERIMENT_NAME",
        "MLFLOW_EXPERIMENT_ID",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    ):
        monkeypatch.delenv(name, raising=False)
    telemetry = InMemoryTelemetry()
    exporter = MlflowSpanExporter()
    telemetry.tracer_provider.add_span_processor(BatchSpanProcessor(exporter))
    monkeypatch.setattr(otel, "_TRACER_PROVIDER", telemetry.tracer_provider)
    monkeypatch.setattr(provider, "_process", provider._Process())
    monkeypatch.setattr(settings, "_process", settings._Process())
    monkeypatch.setattr(enablement, "_process", enablement._Process())
    monkeypatch.setattr(flavors, "_process", flavors._Process())
    yield Tracing(telemetry, uri)
    tracing.reset()
    telemetry.tracer_provider.shutdown()
