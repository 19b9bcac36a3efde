"""The experiment that traces go to: MLflow's rules for its settings, wherever the experiments are kept."""

from __future__ import annotations

from typing import Any, Final, Protocol

from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.server.connection import EXISTING, MISSING, Refused

DEFAULT_EXPERIMENT_ID: Final = "0"


class Experiments(Protocol):
    """Where experiments are looked up and made. Each method raises Refused or StoreUnavailable.

    An experiment is a mapping with MLflow's `experiment_id`, `name` and `lifecycle_stage`.
    """

    def by_id(self, id: str) -> dict[str, Any]:
        """The experiment of that id."""
        ...

    def by_name(self, name: str) -> dict[str, Any]:
        """The experiment of that name."""
        ...

    def make(self, name: str) -> dict[str, Any]:
        """A new experiment; nothing but its id need be known of it."""
        ...


def choose(experiments: Experiments, experiment: Experiment) -> str:
    """The id of the experiment asked for: a name wins over an id and is created where missing, an id must be there.

    Rules and refusals are those of `mlflow.tracking.fluent._get_experiment_id_from_env` (3.17.2). Raises
    StoreUnavailable where MLflow would raise: no such id, name and id disagree, or the experiment has been deleted.
    """
    if experiment.name is None:
        found = _by_id(experiments, experiment.id or DEFAULT_EXPERIMENT_ID)
    else:
        found = _by_name(experiments, experiment.name) or _made(experiments, experiment.name)
        if experiment.id is not None and experiment.id != found["experiment_id"]:
            raise StoreUnavailable(
                f"MLflow experiment {experiment.name!r} has the id {found['experiment_id']}, not {experiment.id}. Set "
                "only one of MLFLOW_EXPERIMENT_NAME and MLFLOW_EXPERIMENT_ID."
            )
    id: str = found["experiment_id"]
    if found.get("lifecycle_stage") == "deleted":
        raise StoreUnavailable(
            f"MLflow experiment {found.get('name')!r} (id {id}) has been deleted. Restore it (mlflow experiments "
            f"restore --experiment-id {id}) or set another."
        )
    return id


def _by_id(experiments: Experiments, id: str) -> dict[str, Any]:
    try:
        return experiments.by_id(id)
    except Refused as refused:
        raise StoreUnavailable(
            f"MLflow has no experiment with the id {id} ({refused}). Set MLFLOW_EXPERIMENT_ID to one that exists, or "
            "MLFLOW_EXPERIMENT_NAME to have it created by name."
        ) from refused


def _by_name(experiments: Experiments, name: str) -> dict[str, Any] | None:
    try:
        return experiments.by_name(name)
    except Refused as refused:
        if refused.code == MISSING:
            return None
        raise StoreUnavailable(f"MLflow refuses the experiment name {name!r}: {refused}") from refused


def _made(experiments: Experiments, name: str) -> dict[str, Any]:
    try:
        return experiments.make(name)
    except Refused as refused:
        # Another process was faster.
        if refused.code == EXISTING and (found := _by_name(experiments, name)) is not None:
            return found
        raise StoreUnavailable(f"MLflow refuses to create the experiment {name!r}: {refused}") from refused
