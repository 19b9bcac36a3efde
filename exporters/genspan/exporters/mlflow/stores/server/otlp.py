"""Traces as an OTLP request, in the form that MLflow's server stores as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from genspan.exporters.mlflow import preview
from genspan.exporters.mlflow.assemble import MAX_KEY, MAX_NAME, MAX_VALUE
from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey, TraceTagKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.semconv import attributes as gen_ai
from genspan.semconv.encoding import decode

PATH: Final = "/v1/traces"
EXPERIMENT_HEADER: Final = "x-mlflow-experiment-id"
CONTENT_TYPE: Final = "application/x-protobuf"

LONGEST: Final[Mapping[str, int]] = {
    gen_ai.SESSION_ID: MAX_KEY,
    gen_ai.GEN_AI_CONVERSATION_ID: MAX_KEY,
    gen_ai.USER_ID: MAX_VALUE,
    SpanAttributeKey.TRACE_TAG_PREFIX + TraceTagKey.TRACE_NAME: MAX_NAME,
}
"""Characters of attributes that the server makes facts of the trace: for a longer one it refuses the request (3.17.2).
"""


Encoding = Callable[[str, str], AnyValue]
"""What is sent for an attribute, from its key and JSON text."""


def request(traces: Iterable[tuple[MlflowTrace, Mapping[str, str]]], encoding: Encoding | None = None) -> bytes:
    """The protobuf message for traces, each with attributes for its resource, by default in MLflow's own `encoding`.

    MLflow's server makes tags of the resource's attributes, as soon as the spans are there. Raises ValueError or
    TypeError where a span holds what OTLP has no room for, such as a time before 1970 or text that is not UTF-8.
    """
    message: bytes = ExportTraceServiceRequest(
        resource_spans=[_resource_spans(*pair, encoding or as_mlflow_stores) for pair in traces]
    ).SerializeToString()
    return message


def _resource_spans(trace: MlflowTrace, resource: Mapping[str, str], encoding: Encoding) -> ResourceSpans:
    return ResourceSpans(
        resource=Resource(attributes=_attributes(resource)),
        scope_spans=[ScopeSpans(spans=[_span(span, encoding) for span in _distinct(trace.spans)])],
    )


def _distinct(spans: Iterable[MlflowSpan]) -> Iterable[MlflowSpan]:
    return {span.span_id: span for span in spans}.values()


def _span(span: MlflowSpan, encoding: Encoding) -> Span:
    end = span.end_time_unix_nano
    return Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_span_id or ""),
        name=span.name,
        kind=Span.SpanKind.Value(span.kind),
        start_time_unix_nano=span.start_time_unix_nano,
        # OTLP has no span without an end, and MLflow (3.17.2) takes 0 for one in 1970.
        end_time_unix_nano=span.start_time_unix_nano if end is None else end,
        attributes=[KeyValue(key=key, value=encoding(key, text)) for key, text in span.attributes.items()],
        events=[
            Span.Event(
                name=event["name"],
                time_unix_nano=event["time_unix_nano"],
                attributes=_attributes(event["attributes"]),
            )
            for event in span.events
        ],
        links=[
            Span.Link(
                trace_id=bytes.fromhex(link["trace_id"].removeprefix(TRACE_ID_PREFIX)),
                span_id=bytes.fromhex(link["span_id"]),
                attributes=_attributes(link["attributes"] or {}),
            )
            for link in span.links
        ],
        status=Status(code=Status.StatusCode.Value(span.status_code), message=span.status_message),
    )


def as_it_is(key: str, text: str) -> AnyValue:
    """An attribute's value with OTLP's own types, as whoever knows nothing of MLflow expects it."""
    return _any(decode(text))


def as_mlflow_stores(key: str, text: str) -> AnyValue:
    """An attribute's value in the form that MLflow's server stores as its JSON text.

    MLflow encodes every value as JSON, and takes one layer off where the text in it is JSON of a string, list or object
    (`sanitize_attributes`, 3.17.2): so these are sent as the text that shall be stored. The type of a span alone is
    read before that (`log_spans`, column `spans.type`).
    """
    longest = LONGEST.get(key)
    if longest is not None and len(text) > longest:
        held = decode(text)
        return _any(preview.cut(held, longest) if isinstance(held, str) else held)
    if text[:1] in ('"', "[", "{") and key != SpanAttributeKey.SPAN_TYPE:
        return AnyValue(string_value=text)
    return _any(decode(text))


def _attributes(attributes: Mapping[str, Any]) -> Sequence[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in attributes.items()]


def _any(value: Any) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value) if -(2**63) <= value < 2**63 else AnyValue(string_value=str(value))
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
    if isinstance(value, Sequence):
        return AnyValue(array_value=ArrayValue(values=[_any(item) for item in value]))
    return AnyValue(string_value=str(value))
