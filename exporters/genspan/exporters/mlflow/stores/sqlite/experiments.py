"""The experiment that traces go to, found or made as MLflow does it."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass

from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.sqlite.schema import Layout, artifact_root

DEFAULT_EXPERIMENT_ID = 0
DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class StoredExperiment:
    """A row of `experiments`."""

    id: int
    artifact_location: str | None

    def trace_artifacts(self, trace_id: str) -> str:
        """Where MLflow keeps what belongs to a trace and is not in the database, such as attachments."""
        return f"{(self.artifact_location or '').rstrip('/')}/traces/{trace_id}/artifacts"


def resolve(connection: sqlite3.Connection, layout: Layout, experiment: Experiment) -> StoredExperiment:
    """The experiment asked for: a name wins over an id and is created where missing, an id must be there.

    Rules and refusals are those of `mlflow.tracking.fluent._get_experiment_id_from_env` (3.17.2). Raises
    StoreUnavailable where MLflow would raise: no such id, name and id disagree, or the experiment has been deleted.
    """
    if experiment.name is None:
        row = _find(connection, "experiment_id = ?", _number(experiment.id))
        if row is None:
            raise StoreUnavailable(
                f"There is no MLflow experiment with the id {experiment.id or DEFAULT_EXPERIMENT_ID}. Set "
                "MLFLOW_EXPERIMENT_ID to one that exists, or MLFLOW_EXPERIMENT_NAME to have it created by name."
            )
    else:
        in_workspace = f" AND workspace = '{DEFAULT_WORKSPACE}'" if layout.has("experiments", "workspace") else ""
        row = _find(connection, f"name = ?{in_workspace}", experiment.name)
        if row is None:
            return _create(connection, layout, experiment.name)
        if experiment.id is not None and _number(experiment.id) != row[0]:
            raise StoreUnavailable(
                f"MLflow experiment {experiment.name!r} has the id {row[0]}, not {experiment.id}. Set only one of "
                "MLFLOW_EXPERIMENT_NAME and MLFLOW_EXPERIMENT_ID."
            )
    id, name, artifact_location, lifecycle_stage = row
    if lifecycle_stage == "deleted":
        raise StoreUnavailable(
            f"MLflow experiment {name!r} (id {id}) has been deleted. Restore it (mlflow experiments restore "
            f"--experiment-id {id}) or set another."
        )
    return StoredExperiment(id, artifact_location)


def _number(id: str | None) -> int:
    if id is None:
        return DEFAULT_EXPERIMENT_ID
    try:
        return int(id)
    except ValueError:
        raise StoreUnavailable(f"MLFLOW_EXPERIMENT_ID must be a number, not {id!r}.") from None


def _find(connection: sqlite3.Connection, where: str, value: object) -> tuple[int, str, str | None, str] | None:
    row: tuple[int, str, str | None, str] | None = connection.execute(
        f"SELECT experiment_id, name, artifact_location, lifecycle_stage FROM experiments WHERE {where}", (value,)
    ).fetchone()
    return row


def _create(connection: sqlite3.Connection, layout: Layout, name: str) -> StoredExperiment:
    now = time.time_ns() // 1_000_000
    times = [column for column in ("creation_time", "last_update_time") if layout.has("experiments", column)]
    columns = ", ".join(("name", "lifecycle_stage", *times))
    marks = ", ".join("?" for _ in range(2 + len(times)))
    cursor = connection.execute(
        f"INSERT INTO experiments ({columns}) VALUES ({marks})", (name, "active", *(now for _ in times))
    )
    id = cursor.lastrowid
    assert id is not None
    location = os.path.join(artifact_root(), str(id))
    connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (location, id))
    return StoredExperiment(id, location)
