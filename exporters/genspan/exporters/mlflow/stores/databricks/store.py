"""The store for `databricks` and `databricks://profile` tracking URIs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, Protocol

from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, Rejection, StoreUnavailable
from genspan.exporters.mlflow.stores.databricks import credentials, location
from genspan.exporters.mlflow.stores.databricks.artifacts import Artifacts
from genspan.exporters.mlflow.stores.databricks.catalog_traces import CatalogTraces
from genspan.exporters.mlflow.stores.databricks.experiment_traces import ExperimentTraces
from genspan.exporters.mlflow.stores.databricks.recent_parts import RecentParts
from genspan.exporters.mlflow.stores.databricks.workspace import Unauthorized, Workspace
from genspan.exporters.mlflow.stores.isolating import isolated, parts
from genspan.exporters.mlflow.stores.server.connection import Refused
from genspan.exporters.mlflow.stores.server.experiments import resolve
from genspan.exporters.mlflow.stores.server.joining import distinct

EXPERIMENT: Final = "/api/2.0/mlflow/experiments/get"


class Destination(Protocol):
    """Where traces are kept."""

    def write(self, traces: Sequence[MlflowTrace]) -> None:
        """Writes traces. Raises Refused, ServerFault, Unfit or StoreUnavailable."""
        ...


class DatabricksStore:
    """Writes traces to a Databricks workspace: with their experiment, or to the tables that it is linked to.

    All of it may be sent again, so StoreUnavailable may be raised when some has been written.
    """

    def __init__(self, uri: str) -> None:
        """Asks nobody anything. Raises ValueError for settings that no workspace could make sense of."""
        self._profile = credentials.profile_in(uri)
        self._catalog = location.of_environment(os.environ)
        host = credentials.host_of(self._profile, os.environ) or uri
        self.uri = host if self._catalog is None else f"{host}#{self._catalog.path}"
        self._workspace: Workspace | None = None
        self._artifacts: Artifacts | None = None
        self._destinations: dict[Experiment, Destination] = {}
        self._recent = RecentParts()

    def write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Sequence[Rejection]:
        """See `Store.write`. Rejected are traces that Databricks refuses, or fails at while it takes others."""

        def write(some: Sequence[MlflowTrace]) -> None:
            try:
                self._destination(experiment).write(some)
            except Unauthorized:
                # The token or the profile may have been renewed since.
                self.close()
                raise
            except Refused:
                # The experiment may be gone since it was found.
                self._destinations.clear()
                raise

        return [rejection for part in parts(distinct(traces)) for rejection in isolated(write, part)]

    def close(self) -> None:
        """See `Store.close`."""
        self._destinations.clear()
        if self._artifacts is not None:
            self._artifacts.close()
        if self._workspace is not None:
            self._workspace.close()
        self._workspace = self._artifacts = None

    def _destination(self, experiment: Experiment) -> Destination:
        found = self._destinations.get(experiment)
        if found is None:
            found = self._destinations[experiment] = self._find(experiment)
        return found

    def _find(self, experiment: Experiment) -> Destination:
        workspace, artifacts = self._opened()
        if self._catalog is not None:
            return CatalogTraces(workspace, self._catalog, self._recent)
        _check(experiment)
        id = resolve(workspace, experiment)
        linked = location.of_experiment(workspace.get(EXPERIMENT, experiment_id=id).get("experiment") or {})
        if linked is not None:
            return CatalogTraces(workspace, linked, self._recent)
        return ExperimentTraces(workspace, artifacts, id)

    def _opened(self) -> tuple[Workspace, Artifacts]:
        if self._workspace is None or self._artifacts is None:
            self._workspace = Workspace(credentials.find(self._profile, os.environ), os.environ)
            self._artifacts = Artifacts(self._workspace)
        return self._workspace, self._artifacts


def _check(experiment: Experiment) -> None:
    """Raises StoreUnavailable where Databricks has no such experiment and never could."""
    if experiment.name is None and experiment.id is None:
        raise StoreUnavailable(
            "Databricks has no default experiment. Set MLFLOW_EXPERIMENT_NAME to a path in the workspace, such as "
            "/Users/me@example.com/my-app, or MLFLOW_EXPERIMENT_ID."
        )
    if experiment.name is not None and not experiment.name.startswith("/"):
        raise StoreUnavailable(
            f"On Databricks the name of an experiment is a path in the workspace, which {experiment.name!r} is not. "
            f"Set MLFLOW_EXPERIMENT_NAME to one such as /Users/me@example.com/{experiment.name}."
        )
