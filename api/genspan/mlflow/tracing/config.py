"""Functions that see every span before it leaves the process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genspan.mlflow.exceptions import MlflowException

from . import provider

if TYPE_CHECKING:
    from .live_span import LiveSpan


@dataclass
class _Process:
    span_processors: tuple[Callable[[LiveSpan], None], ...] = ()


_process = _Process()


def span_processors() -> tuple[Callable[[LiveSpan], None], ...]:
    """Those in force."""
    return _process.span_processors


class Configured:
    """What `configure` answers: as a context manager it goes back to the configuration before."""

    def __init__(self, before: tuple[Callable[[LiveSpan], None], ...]) -> None:
        self._before = before

    def __enter__(self) -> Configured:
        return self

    def __exit__(self, *exception: object) -> None:
        _process.span_processors = self._before


def configure(span_processors: Sequence[Callable[[LiveSpan], None]] | None = None) -> Configured:
    """Sets the functions that are called with every span, in order, when it ends and before it is exported anywhere.

    They may change inputs, outputs and attributes, to mask what must not leave the process. One that raises is logged,
    and the next is called. None leaves them as they are. For good, or as `with configure(…):`.

    Raises MlflowException where one cannot be called.
    """
    before = _process.span_processors
    if span_processors is not None:
        for processor in span_processors:
            if not callable(processor):
                raise MlflowException.invalid_parameter_value(
                    f"Span processors are functions of one argument, a span; {processor!r} cannot be called."
                )
        provider.tracer()  # They see spans of other tracers from here on.
        _process.span_processors = tuple(span_processors)
    return Configured(before)
