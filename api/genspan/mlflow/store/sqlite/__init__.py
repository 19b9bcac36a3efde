"""Traces in MLflow's SQLite file, read and changed with the standard library alone."""

from genspan.mlflow.store.sqlite.store import SqliteTraceStore

__all__ = ["SqliteTraceStore"]
