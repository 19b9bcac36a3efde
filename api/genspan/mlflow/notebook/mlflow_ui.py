"""The way to a trace in MLflow's own pages: a link to the server that has it, or the command that serves the file."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from genspan.exporters.mlflow.stores.sqlite.store import path_of
from genspan.mlflow.notebook.markup import may_hold
from genspan.mlflow.settings import tracking_uri as uri_in_use

if TYPE_CHECKING:
    from genspan.mlflow.entities import Trace

RENDERER_BASE_URL: Final = "MLFLOW_NOTEBOOK_TRACE_RENDERER_BASE_URL"
"""Where a browser reaches the server, if not at the tracking URI; MLflow's variable."""
_ADDRESS: Final = "http://127.0.0.1:5000"
"""Where `mlflow ui` serves by default."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to open a trace in MLflow's UI."""

    address: str
    """Of the trace's page: `http://…` or `https://…`."""
    command: str | None = None
    """What has to run for there to be such a page; None where a server runs already."""


def way_to(trace: Trace, tracking_uri: str | None) -> Way | None:
    """The way to a trace of a tracking URI, by default the one in use; None where MLflow has no pages for it."""
    uri = tracking_uri or uri_in_use()
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme == "sqlite":
        try:
            command = ["mlflow", "ui", "--backend-store-uri", f"sqlite:///{path_of(uri)}"]
        except ValueError:
            return None
        return Way(_page(_ADDRESS, trace), shlex.join(command))
    base = os.environ.get(RENDERER_BASE_URL) or uri
    parts = urlsplit(base)
    # Neither a password nor a token belongs on a page.
    base = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")
    address = _page(base, trace)
    return Way(address) if may_hold("href", address) else None


def _page(base: str, trace: Trace) -> str:
    experiment = quote(str(trace.info.experiment_id or "0"), safe="")
    return f"{base}/#/experiments/{experiment}/traces?selectedEvaluationId={quote(trace.info.trace_id, safe='')}"
