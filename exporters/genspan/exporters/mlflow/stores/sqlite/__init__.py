"""MLflow's SQLite tracking store, written with the standard library alone."""

from genspan.exporters.mlflow.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
