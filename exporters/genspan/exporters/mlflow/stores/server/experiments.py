"""The experiment that traces go to, found or made over MLflow's REST API."""

from __future__ import annotations

from typing import Any, Final

from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.server.connection import EXISTING, MISSING, Connection, Refused

_EXPERIMENTS: Final = "/api/2.0/mlflow/experiments"
DEFAULT_EXPERIMENT_ID: Final = "0"


def resolve(connection: Connection, experiment: Experiment) -> str:
    """The id of the experiment asked for: a name wins over an id and is created where missing, an id must be there.

    Rules and refusals are those of `mlflow.tracking.fluent._get_experiment_id_from_env` (3.17.2). Raises
    StoreUnavailable where MLflow would raise: no such id, name and id disagree, or the experiment has been deleted.
    """
    if experiment.name is None:
        found = _by_id(connection, experiment.id or DEFAULT_EXPERIMENT_ID)
    else:
        found = _by_name(connection, experiment.name) or _made(connection, experiment.name)
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


def _by_id(connection: Connection, id: str) -> dict[str, Any]:
    try:
        return _found(connection.get(f"{_EXPERIMENTS}/get", experiment_id=id).get("experiment"))
    except Refused as refused:
        raise StoreUnavailable(
            f"MLflow has no experiment with the id {id} ({refused}). Set MLFLOW_EXPERIMENT_ID to one that exists, or "
            "MLFLOW_EXPERIMENT_NAME to have it created by name."
        ) from refused


def _by_name(connection: Connection, name: str) -> dict[str, Any] | None:
    try:
        return _found(connection.get(f"{_EXPERIMENTS}/get-by-name", experiment_name=name).get("experiment"))
    except Refused as refused:
        if refused.code == MISSING:
            return None
        raise StoreUnavailable(f"MLflow refuses the experiment name {name!r}: {refused}") from refused


def _made(connection: Connection, name: str) -> dict[str, Any]:
    try:
        return _found(connection.post(f"{_EXPERIMENTS}/create", {"name": name}))
    except Refused as refused:
        # Another process was faster.
        if refused.code == EXISTING and (found := _by_name(connection, name)) is not None:
            return found
        raise StoreUnavailable(f"MLflow refuses to create the experiment {name!r}: {refused}") from refused


def _found(experiment: Any) -> dict[str, Any]:
    if not isinstance(experiment, dict) or "experiment_id" not in experiment:
        raise StoreUnavailable("The server answers, but not as MLflow does.")
    return experiment
