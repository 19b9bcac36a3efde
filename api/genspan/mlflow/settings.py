"""Where traces go and are read from, as this process has it now: MLflow's settings, from code or the environment."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genspan.exporters.mlflow.tracking import (
    DEFAULT_TRACKING_URI,
    MLFLOW_EXPERIMENT_ID,
    MLFLOW_EXPERIMENT_NAME,
    MLFLOW_TRACKING_URI,
)

from .exceptions import MlflowException

if TYPE_CHECKING:
    from .entities import Experiment

DEFAULT_EXPERIMENT_ID = "0"

_lock = threading.Lock()


@dataclass
class _Process:
    tracking_uri: str | None = None
    experiment_id: str | None = None


_process = _Process()


def set_tracking_uri(uri: str | Path) -> None:
    """Where traces are written and read from now on: `sqlite:///file.db`, `http://host:port`, `databricks`, …

    An empty text goes back to `MLFLOW_TRACKING_URI` and the default. The experiment is kept where it was set by name or
    id in the environment; one that `set_experiment` chose belongs to the place before.
    """
    given = str(uri)
    from .tracing import provider

    with _lock:
        if given == (_process.tracking_uri or ""):
            return
        provider.flush()
        _process.tracking_uri = given or None
        _process.experiment_id = None
    provider.redirect(tracking_uri())


def tracking_uri() -> str:
    """The tracking URI in use (MLflow's `get_tracking_uri`)."""
    return _process.tracking_uri or os.environ.get(MLFLOW_TRACKING_URI) or DEFAULT_TRACKING_URI


def is_tracking_uri_set() -> bool:
    """Whether code or environment names a tracking URI."""
    return bool(_process.tracking_uri or os.environ.get(MLFLOW_TRACKING_URI))


def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """The experiment of traces that begin from now on, by name (made where it is missing) or by id.

    Raises MlflowException where both or neither is given, the id does not exist, or the place cannot be reached.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise MlflowException.invalid_parameter_value(
            "Give `set_experiment` either an experiment's name or its id: `set_experiment('support')` or "
            "`set_experiment(experiment_id='3')`."
        )
    from .store import open_store
    from .tracing import provider

    provider.tracer()  # Spans of other tracers belong there from here on.
    store = open_store(tracking_uri())
    experiment = _named(experiment_name or "") if experiment_id is None else store.get_experiment(experiment_id)
    if experiment.lifecycle_stage != "active":
        raise MlflowException.invalid_parameter_value(
            f"Experiment {experiment.name!r} is deleted: restore it (`mlflow experiments restore`), or choose another."
        )
    _process.experiment_id = experiment.experiment_id
    return experiment


def _named(name: str) -> Experiment:
    from .store import open_store

    store = open_store(tracking_uri())
    found = store.get_experiment_by_name(name)
    if found is None:
        try:
            return store.get_experiment(store.create_experiment(name))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = store.get_experiment_by_name(name)  # Another process was faster.
    if found is None:
        raise MlflowException(f"Experiment {name!r} could neither be found nor made.")
    return found


def chosen_tracking_uri() -> str | None:
    """The tracking URI that code chose, which the environment's does not change."""
    return _process.tracking_uri


def chosen_experiment_id() -> str | None:
    """The experiment that code chose, which the environment's does not change."""
    return _process.experiment_id


def experiment_id() -> str:
    """The id of the experiment in use: chosen in code, named by the environment, or MLflow's default, `0`.

    Asks the store where the environment gives a name.
    """
    if _process.experiment_id is not None:
        return _process.experiment_id
    name, identifier = os.environ.get(MLFLOW_EXPERIMENT_NAME), os.environ.get(MLFLOW_EXPERIMENT_ID)
    if not name:
        return identifier or DEFAULT_EXPERIMENT_ID
    from .store import open_store

    experiment = open_store(tracking_uri()).get_experiment_by_name(name)
    return experiment.experiment_id if experiment is not None else DEFAULT_EXPERIMENT_ID


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment with that id. Raises MlflowException where there is none."""
    from .store import open_store

    return open_store(tracking_uri()).get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment with that name; None where there is none."""
    from .store import open_store

    return open_store(tracking_uri()).get_experiment_by_name(name)


def create_experiment(name: str, tags: Mapping[str, str] | None = None) -> str:
    """Makes an experiment and answers its id. Raises MlflowException where the name is taken."""
    from .store import open_store

    return open_store(tracking_uri()).create_experiment(name, tags)
