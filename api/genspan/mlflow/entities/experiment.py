"""Experiments, which traces belong to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ExperimentTag:
    """A tag of an experiment."""

    key: str
    value: str


@dataclass(init=False)
class Experiment:
    """An MLflow experiment."""

    experiment_id: str
    name: str
    artifact_location: str | None
    lifecycle_stage: str
    """`active` or `deleted`."""
    tags: dict[str, str]
    creation_time: int | None
    """Milliseconds since the epoch."""
    last_update_time: int | None
    """Milliseconds since the epoch."""

    DEFAULT_EXPERIMENT_NAME = "Default"

    def __init__(
        self,
        experiment_id: str,
        name: str,
        artifact_location: str | None = None,
        lifecycle_stage: str = "active",
        tags: Iterable[ExperimentTag] | None = None,
        creation_time: int | None = None,
        last_update_time: int | None = None,
    ) -> None:
        self.experiment_id = experiment_id
        self.name = name
        self.artifact_location = artifact_location
        self.lifecycle_stage = lifecycle_stage
        self.tags = {tag.key: tag.value for tag in tags or ()}
        self.creation_time = creation_time
        self.last_update_time = last_update_time
