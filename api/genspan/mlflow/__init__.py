"""MLflow's tracing API on OpenTelemetry: `from genspan import mlflow` in place of `import mlflow`."""
