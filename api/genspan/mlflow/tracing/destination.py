"""The experiment that traces go to, where code says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import context

from genspan.mlflow.exceptions import MlflowException

from . import provider, scope

if TYPE_CHECKING:
    from genspan.mlflow.entities import TraceLocationBase


@dataclass
class _Process:
    experiment_id: str | None = None


_process = _Process()


def experiment_id() -> str | None:
    """The experiment that `set_destination` named for the whole process."""
    return _process.experiment_id


def experiment_of(destination: TraceLocationBase | None) -> str | None:
    """The experiment's id in a trace's location; None without a location.

    Raises MlflowException for a location that is no experiment: those are named by the tracking URI and MLflow's
    environment variables here.
    """
    if destination is None:
        return None
    identifier = getattr(destination, "experiment_id", None)
    if identifier is None:
        raise MlflowException.invalid_parameter_value(
            f"{type(destination).__name__} cannot be a destination: give MlflowExperimentLocation(experiment_id=…). "
            "For tables of Unity Catalog, set MLFLOW_TRACING_DESTINATION."
        )
    return str(identifier)


def set_destination(destination: TraceLocationBase, *, context_local: bool = False) -> None:
    """Has traces that begin from now on go to an experiment: `MlflowExperimentLocation(experiment_id="3")`.

    `context_local` says so for the current thread or task alone.
    """
    identifier = experiment_of(destination)
    provider.tracer()  # Spans of other tracers belong there from here on.
    if context_local:
        context.attach(scope.with_experiment(identifier))
    else:
        _process.experiment_id = identifier


def reset() -> None:
    """Forgets the experiment that was set for the process."""
    _process.experiment_id = None
