"""MLflow's switches of tracing, read from its variables: whether there is any, and for which share of the traces."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

ENABLE_MLFLOW_TRACING: Final = "ENABLE_MLFLOW_TRACING"
IN_MODEL_SERVING: Final = "IS_IN_DB_MODEL_SERVING_ENV"
MLFLOW_TRACE_SAMPLING_RATIO: Final = "MLFLOW_TRACE_SAMPLING_RATIO"
GENSPAN_MLFLOW_IN_PROGRESS: Final = "GENSPAN_MLFLOW_IN_PROGRESS"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Switches:
    """What the environment allows of MLflow's traces. OpenTelemetry's other exporters have their own."""

    on: bool = True
    """Whether traces go to MLflow."""
    ratio: float = 1.0
    """The share of traces that do."""
    in_progress: bool = False
    """Whether traces are written as soon as they have run for a while."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Switches:
        """From MLflow's variables, with the meaning they have there (3.17.2), and `GENSPAN_MLFLOW_IN_PROGRESS`.

        `ENABLE_MLFLOW_TRACING` must be true in Databricks model serving, where nothing is traced unless asked for.
        MLflow reads it nowhere else; here `false` turns MLflow's traces off anywhere. A ratio that is no number from 0
        to 1 is told and ignored.
        """
        enabled, serving = environ.get(ENABLE_MLFLOW_TRACING, ""), environ.get(IN_MODEL_SERVING, "")
        return cls(
            on=_is_true(enabled or str(not _is_true(serving))),
            ratio=_ratio(environ.get(MLFLOW_TRACE_SAMPLING_RATIO, "")),
            in_progress=_is_true(environ.get(GENSPAN_MLFLOW_IN_PROGRESS, "")),
        )

    def sampled(self, spans: Sequence[ReadableSpan]) -> Sequence[ReadableSpan]:
        """The spans of those traces that are kept: whole traces, and the same ones in every process.

        By the trace id alone, by the rule of OpenTelemetry's `TraceIdRatioBased`.
        """
        if self.ratio >= 1:
            return spans
        bound, limit = TraceIdRatioBased.get_bound_for_rate(self.ratio), TraceIdRatioBased.TRACE_ID_LIMIT
        return [span for span in spans if span.context is not None and span.context.trace_id & limit < bound]


def _ratio(text: str) -> float:
    try:
        ratio = float(text or 1)
    except ValueError:
        ratio = -1
    if 0 <= ratio <= 1:
        return ratio
    _logger.warning("%s must be a number from 0 to 1, not %r: all traces are kept", MLFLOW_TRACE_SAMPLING_RATIO, text)
    return 1.0


def _is_true(text: str) -> bool:
    return text.strip().lower() in ("true", "1")
