"""The store for `http://` and `https://` tracking URIs."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from genspan.exporters.mlflow import serialized
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, Rejection
from genspan.exporters.mlflow.stores.server import otlp, stored_spans, trace_info
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused, ServerFault
from genspan.exporters.mlflow.stores.server.experiments import resolve
from genspan.exporters.mlflow.stores.server.joining import distinct, joined
from genspan.exporters.mlflow.stores.server.parallel import each
from genspan.exporters.mlflow.stores.server.trace_info import ENDED, StoredInfo

CHARACTERS_PER_REQUEST: Final = 16 * 1024 * 1024
"""Attribute text in one request; a trace that has more goes alone."""

COMPRESSION: Final = 1
"""gzip's level; messages are text, which the fastest makes small enough."""

Write = Callable[[Sequence[MlflowTrace]], None]


class Unfit(Exception):
    """Some trace cannot be sent; the message says why."""


class ServerStore:
    """Writes traces to an MLflow server: the spans by OTLP, then the facts of every trace that has ended.

    A trace that has no root yet is left to the server, which shows it as in progress. All of it may be sent again, so
    StoreUnavailable may be raised when some has been written.
    """

    def __init__(self, uri: str) -> None:
        access = Access.read(uri, os.environ)
        self.uri = access.url
        self._connection = Connection(access)
        self._experiment_ids: dict[Experiment, str] = {}

    def write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Sequence[Rejection]:
        """See `Store.write`. Rejected are traces that the server refuses, or fails at while it takes others."""

        def write(some: Sequence[MlflowTrace]) -> None:
            try:
                self._write(some, experiment)
            except Refused:
                # The experiment may be gone since it was found.
                self._experiment_ids.clear()
                raise

        return [rejection for part in _parts(distinct(traces)) for rejection in _isolated(write, part)]

    def close(self) -> None:
        """See `Store.close`."""
        self._connection.close()

    def _write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> None:
        experiment_id = self._experiment_id(experiment)
        stored = trace_info.look_up(self._connection, [trace.trace_id for trace in traces])
        self._send_spans(traces, experiment_id, stored)
        each(lambda trace: self._state_facts(trace, experiment_id, stored.get(trace.trace_id)), traces)

    def _state_facts(self, trace: MlflowTrace, experiment_id: str, before: StoredInfo | None) -> None:
        if before is None:
            if trace.state in ENDED:
                trace_info.state(self._connection, trace, experiment_id)
        elif trace.state in ENDED or before.is_ended:
            spans = stored_spans.fetch(self._connection, trace.trace_id)
            trace_info.state(self._connection, joined(trace, spans, before), before.experiment_id)

    def _experiment_id(self, experiment: Experiment) -> str:
        id = self._experiment_ids.get(experiment)
        if id is None:
            id = self._experiment_ids[experiment] = resolve(self._connection, experiment)
        return id

    def _send_spans(self, traces: Sequence[MlflowTrace], experiment_id: str, stored: Mapping[str, StoredInfo]) -> None:
        message = _message(traces, stored)
        headers = {
            "Content-Type": otlp.CONTENT_TYPE,
            "Content-Encoding": "gzip",
            otlp.EXPERIMENT_HEADER: experiment_id,
        }
        self._connection.post_bytes(otlp.PATH, gzip.compress(message, COMPRESSION, mtime=0), headers)


def _message(traces: Sequence[MlflowTrace], stored: Mapping[str, StoredInfo]) -> bytes:
    tags = [_tags_with_spans(trace, stored.get(trace.trace_id)) for trace in traces]
    try:
        try:
            return otlp.request(zip(traces, tags, strict=True))
        except UnicodeError:  # Protobuf's text is UTF-8; Python's may hold lone surrogates.
            well_formed = [serialized.read(serialized.write(trace)) for trace in traces]
            return otlp.request(zip(well_formed, tags, strict=True))
    except (ValueError, TypeError, KeyError) as error:
        raise Unfit(repr(error)) from error


def _tags_with_spans(trace: MlflowTrace, before: StoredInfo | None) -> Mapping[str, str]:
    """Tags that no statement of the whole trace's facts will bring."""
    if trace.state in ENDED:
        return {}
    return {key: value for key, value in trace.tags.items() if before is None or key not in before.tags}


def _parts(traces: Sequence[MlflowTrace]) -> Iterator[Sequence[MlflowTrace]]:
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


def _isolated(write: Write, traces: Sequence[MlflowTrace]) -> list[Rejection]:
    """Writes traces together; where that fails for what they hold, each alone. Returns those that cannot be written.

    MLflow takes a request's spans all or none, and fails (500) as well for some spans as for troubles of its own. So a
    failure is the trace's own only where the server takes another trace right after it.
    """
    if _failure(write, traces) is None:
        return []
    failures = {trace.trace_id: failure for trace in traces if (failure := _failure(write, [trace])) is not None}
    faults = [trace for trace in traces if isinstance(failures.get(trace.trace_id), ServerFault)]
    taken = next((trace for trace in traces if trace.trace_id not in failures), None)
    for trace in faults:
        failure = _failure(write, [trace])
        if failure is None:
            del failures[trace.trace_id]
        elif taken is None:
            raise failure
        else:
            write([taken])
    return [Rejection(trace_id, str(failure)) for trace_id, failure in failures.items()]


def _failure(write: Write, traces: Sequence[MlflowTrace]) -> Refused | ServerFault | Unfit | None:
    try:
        write(traces)
    except (Refused, ServerFault, Unfit) as failure:
        return failure
    return None
