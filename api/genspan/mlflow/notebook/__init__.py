"""Traces in notebooks: as HTML that needs neither server nor network, and under the cells that make them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genspan.mlflow.entities import Trace

__all__ = ["html_of"]


def html_of(traces: Iterable[Trace], *, tracking_uri: str | None = None, more: int = 0) -> str:
    """HTML that shows traces, whole in itself: no script, style, font or picture comes from elsewhere.

    `tracking_uri` says where they are stored, for the way to MLflow's own UI: by default, where the process writes
    traces. `more` is how many others there are that are not shown. However large the traces, the HTML is at most
    `view.LIMIT` characters; what is left out is said, and how to read it.
    """
    # What a process that shows nothing need not load.
    from genspan.mlflow.notebook.view import rendered

    return rendered(list(traces), tracking_uri=tracking_uri, more=more)
