"""Spans that MLflow keeps beside the database, as artifacts of their trace, where those are local files.

So did every MLflow before 3.5, and later ones do for what their database does not take.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from genspan.mlflow.entities import Span, TraceData, TraceInfo
from genspan.mlflow.exceptions import BAD_REQUEST, MlflowException

LOCATION: Final = "mlflow.artifactLocation"
"""The tag that says where artifacts of a trace are."""

FILE: Final = "traces.json"


def spans(info: TraceInfo) -> list[Span]:
    """All spans of a trace. Raises MlflowException with BAD_REQUEST where they cannot be read."""
    location = info.tags.get(LOCATION, "")
    parts = urlsplit(location)
    if not location or parts.scheme not in ("", "file"):
        raise _unreadable(
            info, f"they are at {location or 'no place that is known'}, which only MLflow itself can read"
        )
    path = Path(unquote(parts.path) if parts.scheme else location) / FILE
    try:
        return TraceData.from_dict(json.loads(path.read_text(encoding="utf-8"))).spans
    except (OSError, ValueError, TypeError, MlflowException) as error:
        raise _unreadable(info, str(error)) from error


def _unreadable(info: TraceInfo, why: str) -> MlflowException:
    return MlflowException(
        f"Trace with ID {info.trace_id} cannot be loaded: its spans cannot be read: {why}.", BAD_REQUEST
    )
