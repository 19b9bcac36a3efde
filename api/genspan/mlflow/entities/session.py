"""Traces of one conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genspan.exporters.mlflow.keys import TraceMetadataKey

if TYPE_CHECKING:
    from genspan.mlflow.entities.trace import Trace


class Session:
    """The traces that share a session id, which are iterated over, counted and indexed."""

    def __init__(self, traces: list[Trace]) -> None:
        self._traces = traces

    @property
    def id(self) -> str | None:
        """The session's id; None where there is no trace."""
        return self._traces[0].info.trace_metadata.get(TraceMetadataKey.TRACE_SESSION) if self._traces else None

    @property
    def traces(self) -> list[Trace]:
        """The session's traces."""
        return self._traces

    def __iter__(self) -> Iterator[Trace]:
        return iter(self._traces)

    def __len__(self) -> int:
        return len(self._traces)

    def __getitem__(self, index: int) -> Trace:
        return self._traces[index]

    def __repr__(self) -> str:
        return f"Session(id={self.id!r})"
