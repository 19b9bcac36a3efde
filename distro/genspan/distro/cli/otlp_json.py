"""Traces in OTLP's JSON, as collectors write files: one ExportTraceServiceRequest a line, ids in hexadecimal.

What MLflow knows of a whole trace has no place in OTLP. It goes along as an attribute of the resource, `TRACE_INFO`, so
that a trace comes back as it was; whoever else reads the file need not know it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status as ProtoStatus
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from genspan.distro.cli.stored import as_stored, described, with_facts
from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.server import otlp
from genspan.exporters.mlflow.translate import translate
from genspan.mlflow.entities import Trace, TraceInfo
from genspan.semconv.encoding import decode, encode

TRACE_INFO: Final = "mlflow.traceInfo"
"""JSON text of MLflow's trace info. No `mlflow.*` attribute of a resource becomes a tag."""
SERVICE_NAME: Final = "service.name"

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId"})
_REMOTE: Final = 0x300
"""OTLP's flags of a span whose parent is in another process."""


def written(trace: Trace) -> str:
    """One line. Raises ValueError where OTLP has no room for what a span holds."""
    stored = as_stored(trace)
    resource = {TRACE_INFO: encode(trace.info.to_dict())}
    if SERVICE_NAME in trace.info.tags:
        resource[SERVICE_NAME] = trace.info.tags[SERVICE_NAME]
    message = ExportTraceServiceRequest.FromString(otlp.request([(stored, resource)], otlp.as_it_is))
    running = {span.span_id for span in stored.spans if span.end_time_unix_nano is None}
    for span in message.resource_spans[0].scope_spans[0].spans:
        if span.span_id.hex() in running:
            span.end_time_unix_nano = 0
    return encode(_with_ids(MessageToDict(message, use_integers_for_enums=True), _hexadecimal))


def read(line: Mapping[str, Any]) -> list[tuple[MlflowTrace, TraceInfo | None]]:
    """The traces of one request, with what MLflow knew of each where it was written by `written`.

    Those of anybody else are translated as by the exporter. Raises ValueError where it is none.
    """
    try:
        message = ParseDict(_with_ids(line, _base64), ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except (ParseError, TypeError, AttributeError) as error:
        raise ValueError(f"no request of OTLP: {error}") from None
    return [pair for resource_spans in message.resource_spans for pair in _traces(resource_spans)]


def _with_ids(value: Any, change: Callable[[str], str]) -> Any:
    """JSON with its ids in another form: protobuf's JSON has base64, OTLP's hexadecimal digits."""
    if isinstance(value, Mapping):
        return {
            key: change(held) if key in _IDS and isinstance(held, str) else _with_ids(held, change)
            for key, held in value.items()
        }
    return [_with_ids(item, change) for item in value] if isinstance(value, list) else value


def _hexadecimal(text: str) -> str:
    return b64decode(text).hex()


def _base64(digits: str) -> str:
    try:
        return b64encode(bytes.fromhex(digits)).decode()
    except ValueError:
        return digits  # Some write protobuf's form after all.


def _traces(resource_spans: ResourceSpans) -> Iterable[tuple[MlflowTrace, TraceInfo | None]]:
    attributes = _attributes(resource_spans.resource.attributes)
    spans = [(scope_spans, span) for scope_spans in resource_spans.scope_spans for span in scope_spans.spans]
    if isinstance(facts := attributes.get(TRACE_INFO), str):
        info = TraceInfo.from_dict(decode(facts))
        yield with_facts(info, [_as_it_was(span) for _, span in spans]), info
        return
    resource = Resource(attributes)
    translated = [
        translate(_readable(span, resource, InstrumentationScope(scope_spans.scope.name, scope_spans.scope.version)))
        for scope_spans, span in spans
    ]
    for trace in assemble(translated, attributes):
        yield trace, None


def _as_it_was(span: ProtoSpan) -> MlflowSpan:
    return described(
        MlflowSpan(
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_span_id=span.parent_span_id.hex() or None,
            name=span.name,
            kind=ProtoSpan.SpanKind.Name(span.kind),
            start_time_unix_nano=span.start_time_unix_nano,
            end_time_unix_nano=span.end_time_unix_nano or None,
            status_code=ProtoStatus.StatusCode.Name(span.status.code),
            status_message=span.status.message,
            type=None,
            attributes={pair.key: encode(_value(pair.value)) for pair in span.attributes},
            events=[
                {
                    "name": event.name,
                    "time_unix_nano": event.time_unix_nano,
                    "attributes": _attributes(event.attributes),
                }
                for event in span.events
            ],
            links=[
                {
                    "trace_id": f"{TRACE_ID_PREFIX}{link.trace_id.hex()}",
                    "span_id": link.span_id.hex(),
                    "attributes": _attributes(link.attributes) or None,
                }
                for link in span.links
            ],
            is_running=not span.end_time_unix_nano,
        )
    )


def _readable(span: ProtoSpan, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """The span as OpenTelemetry's SDK has it. Raises ValueError where its ids are none."""
    if len(span.trace_id) != 16 or len(span.span_id) != 8:
        raise ValueError(f"the span {span.name!r} has no valid ids")
    is_remote = span.flags & _REMOTE == _REMOTE
    parent = _context(span.trace_id, span.parent_span_id, is_remote) if span.parent_span_id else None
    # OTLP counts kinds from 1, with 0 for what nobody said.
    kind = SpanKind(span.kind - 1) if span.kind else SpanKind.INTERNAL
    return ReadableSpan(
        span.name,
        context=_context(span.trace_id, span.span_id),
        parent=parent,
        resource=resource,
        attributes=_attributes(span.attributes),
        events=[Event(event.name, _attributes(event.attributes), event.time_unix_nano) for event in span.events],
        links=[Link(_context(link.trace_id, link.span_id), _attributes(link.attributes)) for link in span.links],
        kind=kind,
        status=Status(StatusCode(span.status.code), span.status.message or None),
        start_time=span.start_time_unix_nano,
        end_time=span.end_time_unix_nano or None,
        instrumentation_scope=scope,
    )


def _context(trace_id: bytes, span_id: bytes, is_remote: bool = False) -> SpanContext:
    return SpanContext(int.from_bytes(trace_id, "big"), int.from_bytes(span_id, "big"), is_remote)


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    """What an AnyValue holds; None where it holds nothing."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
