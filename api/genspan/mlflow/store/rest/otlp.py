"""Spans as a server answers with them, in OTLP's JSON with protobuf's names, made into what MLflow stores."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey
from genspan.mlflow.entities import Span
from genspan.mlflow.entities.trace_id import LOCATED_PREFIX


def span(message: Mapping[str, Any], place: str | None = None) -> Span:
    """The span of a message, of a place in Unity Catalog if one is given.

    Raises KeyError or ValueError where that is none.
    """
    status = message.get("status", {})
    attributes = {
        pair["key"]: json.dumps(_value(pair.get("value", {})), ensure_ascii=False)
        for pair in message.get("attributes", ())
    }
    attributes[SpanAttributeKey.REQUEST_ID] = json.dumps(_mlflow_id(message["trace_id"], place))
    return Span(
        {
            "trace_id": message["trace_id"],
            "span_id": message["span_id"],
            "parent_span_id": message.get("parent_span_id") or None,
            "name": message.get("name", ""),
            "start_time_unix_nano": int(message["start_time_unix_nano"]),
            "end_time_unix_nano": int(message.get("end_time_unix_nano", 0)) or None,
            "events": [
                {
                    "name": event.get("name", ""),
                    "time_unix_nano": int(event.get("time_unix_nano", 0)),
                    "attributes": _pairs(event.get("attributes", ())),
                }
                for event in message.get("events", ())
            ],
            "status": {"code": status.get("code", "STATUS_CODE_UNSET"), "message": status.get("message", "")},
            "attributes": attributes,
            "links": [
                {
                    "trace_id": _mlflow_id(link["trace_id"], place),
                    "span_id": b64decode(link["span_id"]).hex(),
                    "attributes": _pairs(link.get("attributes", ())) or None,
                }
                for link in message.get("links", ())
            ],
        }
    )


def _mlflow_id(trace_id: str, place: str | None) -> str:
    digits = b64decode(trace_id).hex()
    return f"{TRACE_ID_PREFIX}{digits}" if place is None else f"{LOCATED_PREFIX}{place}/{digits}"


def _pairs(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value", {})) for pair in pairs}


def _value(value: Mapping[str, Any]) -> Any:
    """What an AnyValue holds; None where it holds nothing."""
    for kind, held in value.items():
        if kind == "array_value":
            return [_value(item) for item in held.get("values", ())]
        if kind == "kvlist_value":
            return _pairs(held.get("values", ()))
        if kind == "int_value":
            return int(held)  # Protobuf's JSON has 64 bits as text.
        if kind == "double_value":
            return float(held)  # And "NaN", "Infinity", "-Infinity".
        return held
    return None
