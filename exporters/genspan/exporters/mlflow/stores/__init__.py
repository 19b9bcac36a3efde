"""Where MLflow traces are written: one store per kind of tracking URI.

A store for another kind is one module here and one line in `STORES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from genspan.exporters.mlflow.stores.contract import Experiment, Rejection, Store, StoreUnavailable
from genspan.exporters.mlflow.stores.server import ServerStore
from genspan.exporters.mlflow.stores.sqlite import SqliteStore

__all__ = [
    "STORES",
    "Experiment",
    "Rejection",
    "Store",
    "StoreUnavailable",
    "UnsupportedTrackingUri",
    "open_store",
    "without_secrets",
]

STORES: Final[Mapping[str, Callable[[str], Store]]] = {
    "sqlite": SqliteStore,
    "http": ServerStore,
    "https": ServerStore,
}
"""Stores by the scheme of the tracking URI, without SQLAlchemy's `+driver`."""


class UnsupportedTrackingUri(ValueError):
    """No store of this version writes to that tracking URI."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"genspan cannot write to the MLflow tracking URI {without_secrets(uri)!r} yet, so no trace goes to "
            "MLflow. What works today: sqlite:///relative/path.db, sqlite:////absolute/path.db, an MLflow server at "
            "http://host:port or https://host, or no MLFLOW_TRACKING_URI at all (sqlite:///mlflow.db in the current "
            "folder)."
        )


def open_store(uri: str) -> Store:
    """The store that a tracking URI names; nothing is opened or created before its first write.

    Raises UnsupportedTrackingUri where this version has none.
    """
    store = STORES.get(urlsplit(uri).scheme.partition("+")[0])
    if store is None:
        raise UnsupportedTrackingUri(uri)
    return store(uri)


def without_secrets(uri: str) -> str:
    """The URI without user name, password and query, to be shown."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl() if "@" in parts.netloc else uri
