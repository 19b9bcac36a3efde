"""Where MLflow traces are written: one store per kind of tracking URI.

A store for another kind is one module here and one line in `STORES`. Only the one that is used is imported: a program
that writes to a file loads no HTTP client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from genspan.exporters.mlflow.stores.contract import Experiment, Rejection, Store, StoreUnavailable

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


def _sqlite(uri: str) -> Store:
    from genspan.exporters.mlflow.stores.sqlite import SqliteStore

    return SqliteStore(uri)


def _server(uri: str) -> Store:
    from genspan.exporters.mlflow.stores.server.store import ServerStore

    return ServerStore(uri)


def _database(uri: str) -> Store:
    from genspan.exporters.mlflow.stores.database.store import DatabaseStore

    return DatabaseStore(uri)


def _databricks(uri: str) -> Store:
    from genspan.exporters.mlflow.stores.databricks.store import DatabricksStore

    return DatabricksStore(uri)


STORES: Final[Mapping[str, Callable[[str], Store]]] = {
    "sqlite": _sqlite,
    "http": _server,
    "https": _server,
    "postgresql": _database,
    "mysql": _database,
    "mssql": _database,
    "databricks": _databricks,
}
"""Stores by the scheme of the tracking URI, without SQLAlchemy's `+driver`."""


class UnsupportedTrackingUri(ValueError):
    """No store of this version writes to that tracking URI; the message says what to use instead."""

    def __init__(self, uri: str) -> None:
        why = (
            "is a folder of plain files (MLflow's FileStore), which take no spans"
            if is_folder(uri)
            else "is of no kind that genspan can write to"
        )
        super().__init__(
            f"The MLflow tracking URI {without_secrets(uri)!r} {why}, so no trace goes to MLflow. {_meant(uri)}Use "
            "sqlite:///mlflow.db (a file in the current folder, the default), sqlite:////absolute/path.db, "
            "postgresql://…, mysql://… or mssql://… (written by the installed mlflow), an MLflow server at "
            "http://host:port or https://host, databricks or databricks://profile."
        )


def _meant(uri: str) -> str:
    """A question whether a file or a server was meant, where it looks like one without its scheme."""
    if re.fullmatch(r"[\w.-]+:\d{1,5}(/.*)?", uri):
        return f"Is it http://{uri}? "
    if len(urlsplit(uri).scheme) <= 1 and uri.endswith((".db", ".sqlite", ".sqlite3")):
        return f"Is it sqlite:///{uri}? "
    return ""


def is_folder(uri: str) -> bool:
    """Whether MLflow takes a tracking URI for a folder: a path, or `file:`."""
    scheme = urlsplit(uri).scheme
    return scheme in ("", "file") or len(scheme) == 1  # A letter is a drive of Windows.


def open_store(uri: str) -> Store:
    """The store that a tracking URI names; nothing is opened or created before its first write.

    Raises UnsupportedTrackingUri where this version has none.
    """
    store = STORES.get(_kind(uri))
    if store is None:
        raise UnsupportedTrackingUri(uri)
    return store(uri)


def _kind(uri: str) -> str:
    return uri if uri == "databricks" else urlsplit(uri).scheme.partition("+")[0]


def without_secrets(uri: str) -> str:
    """The URI without user name, password and query, to be shown."""
    parts = urlsplit(uri)
    # Without a host it is a file, whose name is to be shown as it is.
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl() if parts.netloc else uri
