"""Rows of `experiments` as experiments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from genspan.exporters.mlflow.stores import Experiment as Named
from genspan.exporters.mlflow.stores.sqlite.experiments import DEFAULT_WORKSPACE, resolve
from genspan.mlflow.entities import Experiment, ExperimentTag
from genspan.mlflow.exceptions import RESOURCE_ALREADY_EXISTS, MlflowException
from genspan.mlflow.store.sqlite.database import Database
from genspan.mlflow.store.sqlite.sql import Sql

_LONGEST_NAME: Final = 500


def by_id(database: Database, id: int) -> Experiment | None:
    """The experiment of that id, deleted or not."""
    return _read(database, Sql("experiment_id = ?", (id,)))


def by_name(database: Database, name: str) -> Experiment | None:
    """The experiment of that name, deleted or not."""
    where = Sql("name = ?", (name,))
    if database.layout.has("experiments", "workspace"):
        where += Sql(" AND workspace = ?", (DEFAULT_WORKSPACE,))
    return _read(database, where)


def create(database: Database, name: str, tags: Mapping[str, str]) -> str:
    """Makes an experiment; answers its id. Raises MlflowException where the name cannot be one, or is taken."""
    if not isinstance(name, str) or not name:
        raise MlflowException.invalid_parameter_value(f"Invalid experiment name: {name!r}. Expects a string.")
    if len(name) > _LONGEST_NAME:
        raise MlflowException.invalid_parameter_value(
            f"The experiment name has {len(name)} characters; it can have {_LONGEST_NAME}."
        )
    if by_name(database, name) is not None:
        raise MlflowException(f"Experiment(name={name}) already exists.", RESOURCE_ALREADY_EXISTS)
    made = resolve(database.connection, database.layout, Named(name=name))
    database.connection.executemany(
        "INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)",
        [(key, str(value), made.id) for key, value in tags.items()],
    )
    return str(made.id)


def _read(database: Database, where: Sql) -> Experiment | None:
    row = database.connection.execute(
        "SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time"
        f" FROM experiments WHERE {where.text}",
        where.parameters,
    ).fetchone()
    if row is None:
        return None
    id, name, artifact_location, lifecycle_stage, creation_time, last_update_time = row
    tags = database.connection.execute("SELECT key, value FROM experiment_tags WHERE experiment_id = ?", (id,))
    return Experiment(
        str(id),
        name,
        artifact_location,
        lifecycle_stage,
        [ExperimentTag(key, value) for key, value in tags],
        creation_time,
        last_update_time,
    )
