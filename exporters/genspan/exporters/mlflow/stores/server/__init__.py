"""Traces into an MLflow server, over HTTP."""
