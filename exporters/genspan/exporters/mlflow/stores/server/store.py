"""The store for `http://` and `https://` tracking URIs."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping, Sequence
from typing import Final

from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment
from genspan.exporters.mlflow.stores.ingesting import IngestingStore
from genspan.exporters.mlflow.stores.server import otlp, stored_spans, trace_info
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import Connection
from genspan.exporters.mlflow.stores.server.experiments import resolve
from genspan.exporters.mlflow.stores.server.trace_info import StoredInfo

COMPRESSION: Final = 1
"""gzip's level; messages are text, which the fastest makes small enough."""


class ServerStore(IngestingStore):
    """Writes traces to an MLflow server: the spans by OTLP, then the facts of every trace that has ended."""

    def __init__(self, uri: str) -> None:
        super().__init__()
        access = Access.read(uri, os.environ)
        self.uri = access.url
        self._connection = Connection(access)

    def close(self) -> None:
        """See `Store.close`."""
        self._connection.close()

    def find_experiment(self, experiment: Experiment) -> str:
        """See `IngestingStore`, as all that follows."""
        return resolve(self._connection, experiment)

    def look_up(self, trace_ids: Sequence[str], experiment_id: str) -> Mapping[str, StoredInfo]:
        """By `batchGetInfos`, else by `search`."""
        return trace_info.look_up(self._connection, trace_ids, experiment_id)

    def log_spans(self, message: bytes, experiment_id: str) -> None:
        """By OTLP, which MLflow's own client uses too."""
        headers = {
            "Content-Type": otlp.CONTENT_TYPE,
            "Content-Encoding": "gzip",
            otlp.EXPERIMENT_HEADER: experiment_id,
        }
        self._connection.post_bytes(otlp.PATH, gzip.compress(message, COMPRESSION, mtime=0), headers)

    def spans_of(self, trace_id: str) -> Sequence[MlflowSpan]:
        """By `traces/get`."""
        return stored_spans.fetch(self._connection, trace_id)

    def start_trace(self, trace: MlflowTrace, experiment_id: str) -> None:
        """By StartTraceV3."""
        trace_info.state(self._connection, trace, experiment_id)
