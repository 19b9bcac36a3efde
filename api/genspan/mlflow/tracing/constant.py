"""`mlflow.tracing.constant`: the names that MLflow reserves."""

from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey, TraceTagKey

__all__ = ["SpanAttributeKey", "TraceMetadataKey", "TraceTagKey"]
