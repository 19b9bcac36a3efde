"""OpenTelemetry spans as MLflow experiment traces."""
