"""The store for `postgresql://`, `mysql://` and `mssql://` tracking URIs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.database import installed
from genspan.exporters.mlflow.stores.database.address import shown
from genspan.exporters.mlflow.stores.experiments import choose
from genspan.exporters.mlflow.stores.ingesting import IngestingStore
from genspan.exporters.mlflow.stores.server import stored_spans, trace_info
from genspan.exporters.mlflow.stores.server.connection import REFUSALS, Refused, ServerFault
from genspan.exporters.mlflow.stores.server.trace_info import StoredInfo

Answer = TypeVar("Answer")

OF_VALUES: Final = frozenset({"DataError", "IntegrityError"})
"""Errors of the database (DB API 2.0) that are about what was written. MLflow calls all of them bad requests, the lack
of a permission too."""


class DatabaseStore(IngestingStore):
    """Writes traces by MLflow's own store, given what MLflow's server would give it.

    Nothing of MLflow is imported before the first write.
    """

    def __init__(self, uri: str) -> None:
        super().__init__()
        self.uri = shown(uri)
        self._full_uri = uri
        self._store: Any = None
        self._process = os.getpid()
        self._opening = threading.Lock()

    def close(self) -> None:
        """See `Store.close`."""
        store, self._store = self._store, None
        if store is not None:
            store.engine.dispose(close=self._process == os.getpid())

    def find_experiment(self, experiment: Experiment) -> str:
        """See `IngestingStore`, as all that follows."""
        return choose(self, experiment)

    def look_up(self, trace_ids: Sequence[str], experiment_id: str) -> Mapping[str, StoredInfo]:
        """By `batch_get_trace_infos`."""
        infos = self._ask(lambda store: store.batch_get_trace_infos(list(trace_ids)))
        return {info.trace_id: trace_info.stored(info.to_dict()) for info in infos}

    def log_spans(self, message: bytes, experiment_id: str) -> None:
        """By `log_spans`, of spans read from OTLP as MLflow's server reads them (`otel_api`, 3.17.2)."""
        request = ExportTraceServiceRequest.FromString(message)

        def log(store: Any) -> None:
            spans = [
                installed.protobuf_span(span, resource_spans.resource)
                for resource_spans in request.resource_spans
                for scope_spans in resource_spans.scope_spans
                for span in scope_spans.spans
            ]
            store.log_spans(experiment_id, spans)

        self._ask(log)

    def spans_of(self, trace_id: str) -> Sequence[MlflowSpan]:
        """By `get_trace`."""
        try:
            trace = self._ask(lambda store: store.get_trace(trace_id, allow_partial=True))
        except Refused as refused:  # As where somebody has just deleted the trace: the next try will find that.
            raise StoreUnavailable(f"MLflow does not say what it holds of trace {trace_id}: {refused}") from refused
        return stored_spans.read(span.to_dict() for span in trace.data.spans)

    def start_trace(self, trace: MlflowTrace, experiment_id: str) -> None:
        """By `start_trace`."""
        info = trace_info.described(trace, experiment_id)
        self._ask(lambda store: store.start_trace(installed.trace_info(info)))

    def by_id(self, id: str) -> dict[str, Any]:
        """See `Experiments`, as the two that follow."""
        return dict(self._ask(lambda store: store.get_experiment(id)))

    def by_name(self, name: str) -> dict[str, Any]:
        """The experiment of that name."""
        found = self._ask(lambda store: store.get_experiment_by_name(name))
        if found is None:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"no experiment {name!r}")
        return dict(found)

    def make(self, name: str) -> dict[str, Any]:
        """A new experiment."""
        return {"experiment_id": self._ask(lambda store: store.create_experiment(name, None, None))}

    def _ask(self, ask: Callable[[Any], Answer]) -> Answer:
        """What MLflow's store answers, or its error in the terms of `IngestingStore`."""
        store = self._opened()
        try:
            return ask(store)
        except Exception as error:
            self._raise(error)
            raise

    def _raise(self, error: Exception) -> None:
        status: int = getattr(error, "get_http_status_code", lambda: 500)()
        words = installed.reason(error)
        database = error.__cause__
        if hasattr(database, "orig") and type(database).__name__ not in OF_VALUES:
            raise StoreUnavailable(f"{self.uri} cannot be written: {words}.") from error
        if status in REFUSALS:
            raise Refused(status, getattr(error, "error_code", ""), words) from error
        if status == 500:
            raise ServerFault(f"MLflow cannot write to {self.uri}: {words}.") from error
        raise StoreUnavailable(f"{self.uri} cannot be written: {words}.") from error

    def _opened(self) -> Any:
        with self._opening:
            if self._process != os.getpid():
                # The connections are the parent's; a child that closed them would end them for both.
                self.close()
                self._process = os.getpid()
            if self._store is None:
                self._store = installed.open_store(self._full_uri, self.uri)
            return self._store
