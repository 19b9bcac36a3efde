"""The spans that a server holds of a trace, read back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from genspan.exporters.mlflow.model import MlflowSpan
from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused
from genspan.exporters.mlflow.stores.server.trace_info import TRACES
from genspan.exporters.mlflow.stores.sqlite import span_content
from genspan.semconv.encoding import encode

Content = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_logger = logging.getLogger(__name__)


def fetch(connection: Connection, trace_id: str) -> list[MlflowSpan]:
    """The stored spans of a trace, whoever wrote them, with what the facts of a trace need of them.

    Raises StoreUnavailable.
    """
    try:
        answer = connection.get(f"{TRACES}/get", trace_id=trace_id, allow_partial="true")
    except Refused as refused:  # As where somebody has just deleted the trace: the next try will find that it is new.
        raise StoreUnavailable(f"MLflow does not say what it holds of trace {trace_id}: {refused}") from refused
    return read(answer.get("trace", {}).get("spans", ()), _content)


def read(spans: Iterable[Mapping[str, Any]], content: Content = dict) -> list[MlflowSpan]:
    """Spans from what MLflow says of them, by what it keeps of them in a database; those unreadable are left out."""
    return [read for span in spans if (read := _read(span, content)) is not None]


def _read(span: Mapping[str, Any], content: Content) -> MlflowSpan | None:
    try:
        return span_content.read(span_content.rewrite(content(span)))
    except (ValueError, KeyError, TypeError, AttributeError):
        _logger.debug("A stored span cannot be read and counts for nothing", exc_info=True)
        return None


def _content(span: Mapping[str, Any]) -> dict[str, Any]:
    """A span of OTLP's protobuf, in protobuf's JSON, as MLflow keeps it in a database."""
    return {
        "trace_id": span["trace_id"],
        "span_id": span["span_id"],
        "parent_span_id": span.get("parent_span_id"),
        "name": span.get("name", ""),
        "start_time_unix_nano": int(span.get("start_time_unix_nano", 0)),
        "end_time_unix_nano": int(span.get("end_time_unix_nano", 0)),
        "events": [
            {**event, "attributes": _attributes(event.get("attributes", ()))} for event in span.get("events", ())
        ],
        "status": {"message": "", "code": "STATUS_CODE_UNSET", **span.get("status", {})},
        "attributes": {key: encode(value) for key, value in _attributes(span.get("attributes", ())).items()},
        "links": [{**link, "attributes": _attributes(link.get("attributes", ()))} for link in span.get("links", ())],
    }


def _attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _plain(pair.get("value", {})) for pair in pairs}


def _plain(value: Mapping[str, Any]) -> Any:
    """What an AnyValue holds."""
    kind = next(iter(value), None)
    if kind is None:
        return None
    held = value[kind]
    if kind == "array_value":
        return [_plain(item) for item in held.get("values", ())]
    if kind == "kvlist_value":
        return _attributes(held.get("values", ()))
    return int(held) if kind == "int_value" else held
