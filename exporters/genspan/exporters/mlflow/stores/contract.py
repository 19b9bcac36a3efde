"""What the exporter asks of a store, and what a store may answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from genspan.exporters.mlflow.model import MlflowTrace


@dataclass(frozen=True, slots=True)
class Experiment:
    """The MLflow experiment that traces belong to: by name (created where missing), by id, or neither (the default)."""

    name: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A trace that the store will never take, however often it is tried."""

    trace_id: str
    reason: str


class StoreUnavailable(Exception):
    """Nothing of what was given has been written; the same may be taken later.

    The message says what is wrong and what to do about it. `retry_after` are the seconds that the store asks to be left
    alone, where it says so (HTTP's `Retry-After`).
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Store(Protocol):
    """Writes traces for one tracking URI. Called by one thread at a time, never the app's; usable in a forked child."""

    uri: str
    """The tracking URI in full: the same in every process that means this store."""

    def write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Sequence[Rejection]:
        """Writes traces, whole or in parts that come in any order and any number of times.

        Returns those it will never take; all others are written. Raises StoreUnavailable, having written none.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections; a later write opens them again."""
        ...
