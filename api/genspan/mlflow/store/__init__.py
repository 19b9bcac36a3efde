"""Where MLflow's API finds traces, experiments and assessments: one store per kind of tracking URI."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from genspan.mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException

if TYPE_CHECKING:
    from genspan.mlflow.store.contract import TraceStore

__all__ = ["open_store"]

_opened: Final[dict[tuple[str, str], TraceStore]] = {}
_lock: Final = threading.Lock()


def open_store(tracking_uri: str) -> TraceStore:
    """The store of a tracking URI, the same one whenever it is asked for.

    Raises MlflowException where this version can read from no such place; whether it is there shows when it is asked.
    """
    # A file in the current folder is another one in another folder.
    key = (tracking_uri, os.getcwd() if tracking_uri.startswith("sqlite") else "")
    with _lock:
        store = _opened.get(key)
        if store is None:
            store = _opened[key] = _open(tracking_uri)
    return store


def _open(tracking_uri: str) -> TraceStore:
    scheme = urlsplit(tracking_uri).scheme.partition("+")[0] or tracking_uri
    if scheme == "sqlite":
        from genspan.mlflow.store.sqlite import SqliteTraceStore

        return SqliteTraceStore(tracking_uri)
    if scheme in ("http", "https"):
        from genspan.mlflow.store.rest.store import RestTraceStore

        return RestTraceStore(tracking_uri)
    if scheme == "databricks":
        from genspan.mlflow.store.rest.databricks import DatabricksTraceStore

        return DatabricksTraceStore(tracking_uri)
    from genspan.exporters.mlflow.stores import without_secrets

    raise MlflowException(
        f"genspan cannot read traces from the MLflow tracking URI {without_secrets(tracking_uri)!r}. It can from "
        "sqlite:///mlflow.db (a file in the current folder, the default), sqlite:////absolute/path.db, an MLflow "
        "server at http://host:port or https://host, and databricks.",
        error_code=INVALID_PARAMETER_VALUE,
    )
