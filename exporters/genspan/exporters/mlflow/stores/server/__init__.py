"""Traces into an MLflow server, over HTTP."""

from genspan.exporters.mlflow.stores.server.store import ServerStore

__all__ = ["ServerStore"]
