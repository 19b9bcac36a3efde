"""Traces in tables of Unity Catalog: spans by OTLP, then MLflow's facts of every trace that has ended."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey, TraceMetadataKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.databricks.facts import described, with_long_previews
from genspan.exporters.mlflow.stores.databricks.location import CatalogLocation
from genspan.exporters.mlflow.stores.databricks.recent_parts import RecentParts
from genspan.exporters.mlflow.stores.isolating import fitted
from genspan.exporters.mlflow.stores.server import otlp
from genspan.exporters.mlflow.stores.server.connection import EXISTING, Connection, Refused
from genspan.exporters.mlflow.stores.server.parallel import each
from genspan.exporters.mlflow.stores.server.trace_info import ENDED
from genspan.exporters.mlflow.stores.sqlite import span_content
from genspan.exporters.mlflow.trace_size import with_size
from genspan.semconv.encoding import encode

_logger = logging.getLogger(__name__)

OTLP_PATH: Final = "/api/2.0/otel/v1/traces"
TABLE_HEADER: Final = "X-Databricks-UC-Table-Name"
TRACES: Final = "/api/4.0/mlflow/traces"

SCHEMA_VERSION: Final = "4"
"""Of `mlflow.trace_schema.version`."""

COMPRESSION: Final = 1


class CatalogTraces:
    """Writes traces to the tables at one location.

    Spans go there as they come. What the facts of a trace need of earlier parts is remembered, within bounds: a table
    is read through a SQL warehouse, which costs money and may have to be started first.
    """

    def __init__(self, workspace: Connection, location: CatalogLocation, recent: RecentParts) -> None:
        self._workspace = workspace
        self._location = location
        self._recent = recent
        self._compresses = True

    def write(self, traces: Sequence[MlflowTrace]) -> None:
        """Writes traces together. Raises Refused, ServerFault, Unfit or StoreUnavailable."""
        self._log_spans(fitted(traces, self._message))
        each(self._state, [whole for whole in map(self._known, traces) if whole.state in ENDED])

    def _known(self, part: MlflowTrace) -> MlflowTrace:
        known = with_long_previews(part)
        return self._recent.join(replace(known, spans=list(map(_weighed, known.spans))))

    def _message(self, traces: Sequence[MlflowTrace]) -> bytes:
        return otlp.request(((self._named(trace), _resource(trace)) for trace in traces), otlp.as_it_is)

    def _named(self, trace: MlflowTrace) -> MlflowTrace:
        """The trace with the id that it has at this location on every span."""
        id = encode(f"trace:/{self._location.path}/{_otel_id(trace)}")
        return replace(trace, spans=[_with(span, SpanAttributeKey.REQUEST_ID, id) for span in trace.spans])

    def _log_spans(self, message: bytes) -> None:
        try:
            answer = self._sent(message)
        except Refused as refused:
            if refused.status == 404:
                raise StoreUnavailable(
                    f"Databricks has no table {self._location.spans_table} for traces: {refused}. Link an experiment "
                    f"to {self._location.path} with MLflow first, which makes the tables."
                ) from refused
            raise
        _tell_of_rejected(answer, self._location.spans_table)

    def _sent(self, message: bytes) -> bytes:
        """What answers a message. MLflow's client compresses none, so a refusal may be for that."""
        if self._compresses:
            try:
                return self._post(gzip.compress(message, COMPRESSION, mtime=0), {"Content-Encoding": "gzip"})
            except Refused as refused:
                if refused.status == 404:
                    raise
        answer = self._post(message, {})
        self._compresses = False
        return answer

    def _post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        table = {"Content-Type": otlp.CONTENT_TYPE, TABLE_HEADER: self._location.spans_table}
        return self._workspace.post_bytes(OTLP_PATH, body, {**table, **headers})

    def _state(self, trace: MlflowTrace) -> None:
        otel_id = _otel_id(trace)
        sized = with_size(trace, map(span_content.size, trace.spans))
        info = described(sized, self._location.described())
        info["trace_id"] = otel_id
        info["trace_metadata"][TraceMetadataKey.SCHEMA_VERSION] = SCHEMA_VERSION
        try:
            self._workspace.post(f"{TRACES}/{self._location.path}/{otel_id}/info", info)
        except Refused as refused:
            if refused.code != EXISTING:
                raise


def _weighed(span: MlflowSpan) -> MlflowSpan:
    """The span with the size of its content, which is not kept with it."""
    return replace(span, content_size=span_content.size(span))


def _otel_id(trace: MlflowTrace) -> str:
    return trace.trace_id.removeprefix(TRACE_ID_PREFIX)


def _with(span: MlflowSpan, key: str, text: str) -> MlflowSpan:
    return replace(span, attributes={**span.attributes, key: text})


def _resource(trace: MlflowTrace) -> Mapping[str, str]:
    """The attributes of the program's OpenTelemetry resource, which became tags (see `assemble.resource_tags`)."""
    return {key: value for key, value in trace.tags.items() if not key.startswith("mlflow.")}


def _tell_of_rejected(answer: bytes, table: str) -> None:
    """Logs what OTLP calls a partial success. Which spans those were, nobody says, and all must not be sent again."""
    try:
        partial: Any = ExportTraceServiceResponse.FromString(answer).partial_success
    except DecodeError:  # Such as `{}` in an answer of JSON.
        return
    if partial.rejected_spans:
        _logger.error("%d spans are lost: %s takes them not: %s", partial.rejected_spans, table, partial.error_message)
