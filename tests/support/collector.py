"""An OTLP receiver on loopback that keeps what it is sent, as the SDK's own objects.

For tests of what leaves a process: every span, event and metric passes the real exporter and the wire first.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar as ProtoExemplar
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as ProtoMetric
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint as ProtoNumber
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, set_span_in_context


@dataclass
class Collector:
    """What one receiver was sent so far."""

    url: str
    """For `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    spans: list[ReadableSpan] = field(default_factory=list)
    events: list[ReadableLogRecord] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    meters: list[str] = field(default_factory=list)
    """The names of the meters that the metrics are of, in their order."""
    exponential: set[str] = field(default_factory=set)
    """The names of metrics that came as exponential histograms, which are not kept."""
    requests: list[str] = field(default_factory=list)
    """Paths, in the order asked."""

    def receive(self, path: str, body: bytes) -> None:
        """Takes one OTLP/HTTP request. Raises protobuf's DecodeError where the body is none."""
        self.requests.append(path)
        if path == "/v1/traces":
            self.spans += _spans(ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/logs":
            self.events += _records(ExportLogsServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            for meter, metric in _metrics(ExportMetricsServiceRequest.FromString(body)):
                self._receive(meter, metric)

    def _receive(self, meter: str, metric: ProtoMetric) -> None:
        if metric.HasField("exponential_histogram"):
            self.exponential.add(metric.name)
        elif metric.HasField("histogram") or metric.HasField("sum"):
            self.meters.append(meter)
            self.metrics.append(Metric(metric.name, metric.description, metric.unit, _data(metric)))


@contextmanager
def collector() -> Iterator[Collector]:
    """Starts a receiver of OTLP/HTTP (protobuf) on a free port of 127.0.0.1, and stops it."""
    received: Collector

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.receive(self.path, gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_KINDS = {
    ProtoSpan.SPAN_KIND_INTERNAL: SpanKind.INTERNAL,
    ProtoSpan.SPAN_KIND_SERVER: SpanKind.SERVER,
    ProtoSpan.SPAN_KIND_CLIENT: SpanKind.CLIENT,
    ProtoSpan.SPAN_KIND_PRODUCER: SpanKind.PRODUCER,
    ProtoSpan.SPAN_KIND_CONSUMER: SpanKind.CONSUMER,
}


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReadableSpan]:
    for of_resource in request.resource_spans:
        resource = Resource(_attributes(of_resource.resource.attributes), of_resource.schema_url)
        for of_scope in of_resource.scope_spans:
            scope = InstrumentationScope(of_scope.scope.name, of_scope.scope.version, of_scope.schema_url)
            for span in of_scope.spans:
                yield ReadableSpan(
                    span.name,
                    context=_context(span.trace_id, span.span_id),
                    parent=_context(span.trace_id, span.parent_span_id) if span.parent_span_id else None,
                    resource=resource,
                    attributes=_attributes(span.attributes),
                    events=[Event(e.name, _attributes(e.attributes), e.time_unix_nano) for e in span.events],
                    kind=_KINDS[span.kind],
                    status=Status(StatusCode(span.status.code), span.status.message or None),
                    start_time=span.start_time_unix_nano,
                    end_time=span.end_time_unix_nano,
                    instrumentation_scope=scope,
                )


def _context(trace_id: bytes, span_id: bytes) -> SpanContext:
    return SpanContext(int.from_bytes(trace_id, "big"), int.from_bytes(span_id, "big"), is_remote=False)


def _records(request: ExportLogsServiceRequest) -> Iterator[ReadableLogRecord]:
    for of_resource in request.resource_logs:
        resource = Resource(_attributes(of_resource.resource.attributes), of_resource.schema_url)
        for of_scope in of_resource.scope_logs:
            scope = InstrumentationScope(of_scope.scope.name, of_scope.scope.version, of_scope.schema_url)
            for record in of_scope.log_records:
                number = SeverityNumber(record.severity_number) if record.severity_number else None
                yield ReadableLogRecord(
                    LogRecord(
                        timestamp=record.time_unix_nano,
                        severity_number=number,
                        body=_value(record.body),
                        attributes=_attributes(record.attributes),
                        event_name=record.event_name or None,
                        # The record takes the ids of its trace and span from here.
                        context=set_span_in_context(NonRecordingSpan(_context(record.trace_id, record.span_id))),
                    ),
                    resource,
                    scope,
                )


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[tuple[str, ProtoMetric]]:
    for of_resource in request.resource_metrics:
        for of_scope in of_resource.scope_metrics:
            for metric in of_scope.metrics:
                yield of_scope.scope.name, metric


def _data(metric: ProtoMetric) -> Histogram | Sum:
    if metric.HasField("histogram"):
        return Histogram(
            [
                HistogramDataPoint(
                    _attributes(point.attributes),
                    point.start_time_unix_nano,
                    point.time_unix_nano,
                    point.count,
                    point.sum,
                    list(point.bucket_counts),
                    list(point.explicit_bounds),
                    point.min,
                    point.max,
                    _exemplars(point.exemplars),
                )
                for point in metric.histogram.data_points
            ],
            AggregationTemporality(metric.histogram.aggregation_temporality),
        )
    return Sum(
        [
            NumberDataPoint(
                _attributes(point.attributes),
                point.start_time_unix_nano,
                point.time_unix_nano,
                _number(point),
                _exemplars(point.exemplars),
            )
            for point in metric.sum.data_points
        ],
        AggregationTemporality(metric.sum.aggregation_temporality),
        metric.sum.is_monotonic,
    )


def _exemplars(exemplars: Iterable[ProtoExemplar]) -> list[Exemplar]:
    return [
        Exemplar(
            _attributes(exemplar.filtered_attributes),
            _number(exemplar),
            exemplar.time_unix_nano,
            int.from_bytes(exemplar.span_id, "big"),
            int.from_bytes(exemplar.trace_id, "big"),
        )
        for exemplar in exemplars
    ]


def _number(point: ProtoNumber | ProtoExemplar) -> float:
    return point.as_int if point.HasField("as_int") else point.as_double


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
