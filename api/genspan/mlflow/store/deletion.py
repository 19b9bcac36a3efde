"""Which traces are to be deleted: MLflow's rules (`AbstractStore.delete_traces`, 3.17.2)."""

from __future__ import annotations

from collections.abc import Sequence

from genspan.mlflow.exceptions import MlflowException


def check(max_timestamp_millis: int | None, max_traces: int | None, trace_ids: Sequence[str] | None) -> None:
    """Raises MlflowException where it is not clear which: either ids, or a time and perhaps how many."""
    if max_timestamp_millis is None and not trace_ids:
        raise MlflowException.invalid_parameter_value("Either `max_timestamp_millis` or `trace_ids` must be specified.")
    if max_timestamp_millis is not None and trace_ids:
        raise MlflowException.invalid_parameter_value(
            "Only one of `max_timestamp_millis` and `trace_ids` can be specified."
        )
    if trace_ids and max_traces is not None:
        raise MlflowException.invalid_parameter_value("`max_traces` can't be specified if `trace_ids` is specified.")
    if max_traces is not None and max_traces <= 0:
        raise MlflowException.invalid_parameter_value(
            f"`max_traces` must be a positive integer, received {max_traces}."
        )
