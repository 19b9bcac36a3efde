"""OpenTelemetry spans as MLflow experiment traces."""

from genspan.exporters.mlflow.exporter import MlflowSpanExporter

__all__ = ["MlflowSpanExporter"]
