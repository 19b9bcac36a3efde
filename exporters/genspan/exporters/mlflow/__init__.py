"""OpenTelemetry spans as MLflow experiment traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genspan.exporters.mlflow.exporter import MlflowSpanExporter

__all__ = ["MlflowSpanExporter"]


def __getattr__(name: str) -> Any:
    # Whoever needs MLflow's names alone, from `keys`, does not wait for OpenTelemetry's SDK.
    if name == "MlflowSpanExporter":
        from genspan.exporters.mlflow.exporter import MlflowSpanExporter

        return MlflowSpanExporter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
