"""MLflow's own reading of a file of traces."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# Read when mlflow is imported: no prices over the network, no usage statistics.
os.environ.setdefault("MLFLOW_MODEL_CATALOG_URI", "")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")


def traces(file: Path, experiment: str = "Default") -> list[Any]:
    """The traces of an experiment as the real MLflow client reads them (`mlflow.entities.Trace`), newest first."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{file}")
    found = client.get_experiment_by_name(experiment)
    assert found is not None, f"{file} has no experiment {experiment}"
    return list(client.search_traces(locations=[found.experiment_id], max_results=500))
