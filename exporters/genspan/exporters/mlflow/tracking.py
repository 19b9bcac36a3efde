"""Where the user wants traces: MLflow's own settings, with MLflow's own meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from genspan.exporters.mlflow.stores import Experiment
from genspan.exporters.mlflow.stores.databricks.location import MLFLOW_TRACING_DESTINATION

MLFLOW_TRACKING_URI: Final = "MLFLOW_TRACKING_URI"
MLFLOW_EXPERIMENT_NAME: Final = "MLFLOW_EXPERIMENT_NAME"
MLFLOW_EXPERIMENT_ID: Final = "MLFLOW_EXPERIMENT_ID"

DEFAULT_TRACKING_URI: Final = "sqlite:///mlflow.db"
"""A file in the current folder, as in MLflow 3.17."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """Which tracking store, and which experiment in it."""

    uri: str
    experiment: Experiment

    @classmethod
    def read(
        cls,
        environ: Mapping[str, str],
        *,
        uri: str | None = None,
        experiment_name: str | None = None,
        experiment_id: str | None = None,
    ) -> Tracking:
        """From arguments where given, else from the environment.

        An experiment given as an argument replaces both variables. `MLFLOW_TRACING_DESTINATION` wins over other
        variables, as in MLflow 3.17.2: it is the id of an experiment, or `catalog.schema`, which is in Databricks."""
        destination = environ.get(MLFLOW_TRACING_DESTINATION) or ""
        if experiment_name is None and experiment_id is None:
            experiment_name, experiment_id = environ.get(MLFLOW_EXPERIMENT_NAME), environ.get(MLFLOW_EXPERIMENT_ID)
            if destination and "." not in destination:
                experiment_name, experiment_id = None, destination
        found = environ.get(MLFLOW_TRACKING_URI) or DEFAULT_TRACKING_URI
        if "." in destination and not found.startswith("databricks"):
            found = "databricks"
        return cls(
            uri=uri or found,
            experiment=Experiment(name=experiment_name or None, id=experiment_id or None),
        )
