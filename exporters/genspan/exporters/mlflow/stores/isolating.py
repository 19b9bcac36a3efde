"""Traces written together, and each alone where that fails for what one of them holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from genspan.exporters.mlflow import serialized
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import Rejection
from genspan.exporters.mlflow.stores.server.connection import Refused, ServerFault

CHARACTERS_PER_REQUEST: Final = 16 * 1024 * 1024
"""Attribute text in one request; a trace that has more goes alone."""

Write = Callable[[Sequence[MlflowTrace]], None]


class Unfit(Exception):
    """Some trace cannot be sent; the message says why."""


Fit = TypeVar("Fit")


def fitted(traces: Sequence[MlflowTrace], make: Callable[[Sequence[MlflowTrace]], Fit]) -> Fit:
    """What is made of traces, to be sent. Raises Unfit where nothing can be made of what one of them holds."""
    try:
        try:
            return make(traces)
        except UnicodeError:  # What is sent is UTF-8; Python's text may hold lone surrogates.
            return make([serialized.read(serialized.write(trace)) for trace in traces])
    except (ValueError, TypeError, KeyError) as error:
        raise Unfit(repr(error)) from error


def parts(traces: Sequence[MlflowTrace]) -> Iterator[Sequence[MlflowTrace]]:
    """The traces in their order, as many together as one request should hold."""
    part: list[MlflowTrace] = []
    characters = 0
    for trace in traces:
        size = sum(len(text) for span in trace.spans for text in span.attributes.values())
        if part and characters + size > CHARACTERS_PER_REQUEST:
            yield part
            part, characters = [], 0
        part.append(trace)
        characters += size
    if part:
        yield part


def isolated(write: Write, traces: Sequence[MlflowTrace]) -> list[Rejection]:
    """Writes traces together; where that fails for what they hold, each alone. Returns those that cannot be written.

    MLflow takes a request's spans all or none, and fails (500) as well for some spans as for troubles of its own. So a
    failure is the trace's own only where the server takes another trace right after it.
    """
    if _failure(write, traces) is None:
        return []
    failures = {trace.trace_id: failure for trace in traces if (failure := _alone(write, trace)) is not None}
    faults = [trace for trace in traces if isinstance(failures.get(trace.trace_id), ServerFault)]
    taken = next((trace for trace in traces if trace.trace_id not in failures), None)
    for trace in faults:
        failure = _alone(write, trace)
        if failure is None:
            del failures[trace.trace_id]
        elif taken is None:
            raise failure
        else:
            write([taken])
    return [Rejection(trace_id, str(failure)) for trace_id, failure in failures.items()]


def _alone(write: Write, trace: MlflowTrace) -> Refused | ServerFault | Unfit | None:
    failure = _failure(write, [trace])
    if failure is not None and (storable := _without_nul(trace)) != trace:
        return _failure(write, [storable])
    return failure


def _failure(write: Write, traces: Sequence[MlflowTrace]) -> Refused | ServerFault | Unfit | None:
    try:
        write(traces)
    except (Refused, ServerFault, Unfit) as failure:
        return failure
    return None


def _without_nul(trace: MlflowTrace) -> MlflowTrace:
    """The trace with U+FFFD for every U+0000, which PostgreSQL has no text with, and MLflow fails (500) at."""
    return serialized.read(serialized.write(trace).replace("\\u0000", "\\ufffd"))
