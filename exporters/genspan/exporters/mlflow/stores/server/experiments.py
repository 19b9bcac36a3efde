"""Experiments over MLflow's REST API."""

from __future__ import annotations

from typing import Any, Final

from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.experiments import choose
from genspan.exporters.mlflow.stores.server.connection import Connection

_EXPERIMENTS: Final = "/api/2.0/mlflow/experiments"


def resolve(connection: Connection, experiment: Experiment) -> str:
    """The id of the experiment asked for, by the rules of `choose`. Raises StoreUnavailable."""
    return choose(_ServerExperiments(connection), experiment)


class _ServerExperiments:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, id: str) -> dict[str, Any]:
        return _found(self._connection.get(f"{_EXPERIMENTS}/get", experiment_id=id).get("experiment"))

    def by_name(self, name: str) -> dict[str, Any]:
        return _found(self._connection.get(f"{_EXPERIMENTS}/get-by-name", experiment_name=name).get("experiment"))

    def make(self, name: str) -> dict[str, Any]:
        return _found(self._connection.post(f"{_EXPERIMENTS}/create", {"name": name}))


def _found(experiment: Any) -> dict[str, Any]:
    if not isinstance(experiment, dict) or "experiment_id" not in experiment:
        raise StoreUnavailable("The server answers, but not as MLflow does.")
    return experiment
