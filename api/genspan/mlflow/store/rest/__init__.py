"""Traces of an MLflow server, over its REST API."""

from genspan.mlflow.store.rest.store import RestTraceStore

__all__ = ["RestTraceStore"]
