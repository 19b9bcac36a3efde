"""Ids of traces: `tr-` and 32 hexadecimal digits, or `trace:/<location>/<digits>` in Databricks' Unity Catalog."""

from __future__ import annotations

from typing import Final

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX
from genspan.mlflow.exceptions import MlflowException

LOCATED_PREFIX: Final = "trace:/"


def split(trace_id: str) -> tuple[str | None, str]:
    """Where the trace is, if its id says so, and the rest of the id. Raises MlflowException for a malformed id."""
    if not trace_id.startswith(LOCATED_PREFIX):
        return None, trace_id
    location, slash, rest = trace_id.removeprefix(LOCATED_PREFIX).partition("/")
    if not (location and slash and rest) or "/" in rest:
        raise MlflowException.invalid_parameter_value(
            f"Invalid trace ID format: {trace_id}. Expected format: {LOCATED_PREFIX}<location>/<trace_id>"
        )
    return location, rest


def hexadecimal(trace_id: str) -> str:
    """OpenTelemetry's id of the trace."""
    return split(trace_id)[1].removeprefix(TRACE_ID_PREFIX)
