"""Traces of a Databricks workspace: with their experiments, or in tables of Unity Catalog."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.databricks import credentials, location
from genspan.exporters.mlflow.stores.databricks.artifacts import Artifacts
from genspan.exporters.mlflow.stores.databricks.workspace import Workspace
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused
from genspan.mlflow.entities import Trace, TraceData, TraceInfo, TraceLocation
from genspan.mlflow.entities.trace_id import LOCATED_PREFIX, hexadecimal, split
from genspan.mlflow.exceptions import (
    BAD_REQUEST,
    INTERNAL_ERROR,
    NOT_FOUND,
    MlflowException,
    MlflowNotImplementedException,
)
from genspan.mlflow.store.rest import messages
from genspan.mlflow.store.rest.batches import READ_AT_ONCE, each, in_order, parts
from genspan.mlflow.store.rest.store import RestTraceStore, given, quoted

_TRACES: Final = "/api/4.0/mlflow/traces"
WAREHOUSE: Final = "MLFLOW_TRACING_SQL_WAREHOUSE_ID"
PATIENCE: Final = "MLFLOW_GET_TRACE_OTEL_RETRY_TIMEOUT_SECONDS"
_LONGEST_WAIT: Final = 8.0
_POLL: Final = 1.0
"""Seconds."""


class DatabricksTraceStore(RestTraceStore):
    """The traces of a workspace, at `databricks` or `databricks://profile`."""

    def get_trace(self, trace_id: str) -> Trace:
        """See `TraceStore.get_trace`. One in Unity Catalog is waited for, since its tables are filled with delay."""
        with self._asked() as server:
            place, digits = _located(trace_id)
            if place is not None:
                return _awaited(server, place, digits)
            info = messages.info(server.get(self._path(trace_id))["trace"]["trace_info"])
            return Trace(info, self._file(server, trace_id))

    def id_in(self, experiment_id: str, trace_id: str) -> str:
        """The full id of a trace, where it has OpenTelemetry's alone and its experiment keeps traces in tables."""
        if trace_id.startswith(LOCATED_PREFIX):
            return trace_id
        try:
            place = self.get_experiment(experiment_id).tags.get(location.DESTINATION_TAG)
        except MlflowException:  # The trace may be found all the same, and if not, that is what is said.
            return trace_id
        return f"{LOCATED_PREFIX}{place}/{hexadecimal(trace_id)}" if place else trace_id

    def _path(self, trace_id: str, traces: str = "/api/3.0/mlflow/traces") -> str:
        if _located(trace_id)[0] is not None:
            raise MlflowNotImplementedException(
                f"Trace {trace_id} is in Unity Catalog, where genspan cannot tag and judge traces yet."
            )
        return super()._path(trace_id, traces)

    def _connected(self) -> Connection:
        return Workspace(credentials.find(credentials.profile_in(self._uri), os.environ), os.environ)

    def _found(
        self, server: Connection, experiment_ids: Sequence[str], question: Mapping[str, Any]
    ) -> tuple[list[TraceInfo], str | None]:
        if not any("." in place for place in experiment_ids):
            return super()._found(server, experiment_ids, question)
        body = {"locations": [_described(place) for place in experiment_ids], **question, **_warehouse()}
        operation = server.post(f"{_TRACES}/search-long-running", body)
        while not operation.get("done"):
            time.sleep(_POLL)
            operation = server.get(f"{_TRACES}/search/operations/{quoted(operation['name'])}")
        if error := operation.get("error"):
            raise MlflowException(
                error.get("message") or "Failed to search traces", error.get("error_code") or INTERNAL_ERROR
            )
        page = operation.get("response", {})
        infos = [messages.info(message, _place(message)) for message in page.get("trace_infos", ())]
        return infos, page.get("next_page_token") or None

    def _with_spans(self, server: Connection, infos: Sequence[TraceInfo]) -> list[Trace]:
        ids = sorted(split(info.trace_id) for info in infos if info.trace_location.mlflow_experiment is None)
        asked = [
            (place, some)
            for place, members in groupby(ids, key=lambda id: id[0])
            for some in parts([digits for _, digits in members], READ_AT_ONCE)
        ]
        batches = each(lambda one: _batch(server, *one), asked)
        files = self._from_files(server, [info for info in infos if info.trace_location.mlflow_experiment is not None])
        return in_order(infos, [*files, *(trace for batch in batches for trace in batch)])

    def _file(self, server: Connection, trace_id: str) -> TraceData:
        try:
            contents = Artifacts(server).download(trace_id)
        except StoreUnavailable as error:
            # To a writer, who has just stated the trace, a refusal is a fault of the workspace.
            raise (error.__cause__ if isinstance(error.__cause__, Refused) else error) from None
        if not contents:
            raise MlflowException(
                f"Trace with ID {trace_id} cannot be loaded because it is missing span data. Please try creating or "
                "loading another trace.",
                BAD_REQUEST,
            )
        return TraceData.from_dict({"spans": contents})


def _located(given_id: str) -> tuple[str | None, str]:
    """Where in Unity Catalog a trace is, by its id or by the process's settings, and OpenTelemetry's id."""
    place, rest = split(given_id)
    destination = location.of_environment(os.environ)
    if place is None and destination is not None:
        place = destination.path
    return place, rest if place is None else hexadecimal(given_id)


def _awaited(server: Connection, place: str, digits: str) -> Trace:
    deadline = time.monotonic() + float(os.environ.get(PATIENCE) or 15)
    for wait in _waits():
        if found := _batch(server, place, [digits]):
            return found[0]
        left = deadline - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(wait, left))
    raise MlflowException(f"Trace with ID {LOCATED_PREFIX}{place}/{digits} is not found.", NOT_FOUND)


def _waits() -> Iterator[float]:
    wait = 2.0
    while True:
        yield wait
        wait = min(2 * wait, _LONGEST_WAIT)


def _batch(server: Connection, place: str | None, trace_ids: Sequence[str]) -> list[Trace]:
    path = f"{_TRACES}/{quoted(place or '')}/batchGet"
    found: Iterable[Mapping[str, Any]] = server.get(path, trace_ids=trace_ids, **_warehouse()).get("traces", ())
    return [messages.trace(message, place) for message in found]


def _warehouse() -> dict[str, str]:
    return given({"sql_warehouse_id": os.environ.get(WAREHOUSE) or None})


def _described(place: str) -> dict[str, Any]:
    if "." not in place:
        return TraceLocation.from_experiment_id(place).to_dict()
    found = location.of_path(place)
    if found is None:
        raise MlflowException.invalid_parameter_value(
            f"Invalid location type: {place}. Expected type: `<catalog_name>.<schema_name>[.<table_prefix>]` or "
            "`<experiment_id>`."
        )
    return found.described()


def _place(message: Mapping[str, Any]) -> str | None:
    """The place in Unity Catalog that a trace's info names; None where it names another."""
    where = message["trace_location"]
    names: Mapping[str, str] = where.get("uc_table_prefix") or where.get("uc_schema") or {}
    path = ".".join(names[name] for name in ("catalog_name", "schema_name", "table_prefix") if names.get(name))
    return path or None
