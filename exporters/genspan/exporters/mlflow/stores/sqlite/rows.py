"""Traces and spans as rows of MLflow's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.sqlite import span_content
from genspan.exporters.mlflow.stores.sqlite.experiments import StoredExperiment
from genspan.exporters.mlflow.stores.sqlite.schema import Layout
from genspan.semconv.encoding import encode

SPANS_LOCATION: Final = "mlflow.trace.spansLocation"
TRACKING_STORE: Final = "TRACKING_STORE"

TRACE_INFO: Final[Mapping[str, Callable[[MlflowTrace], object]]] = {
    "request_id": lambda trace: trace.trace_id,
    "timestamp_ms": lambda trace: trace.request_time,
    "execution_time_ms": lambda trace: trace.execution_duration,
    "status": lambda trace: trace.state,
    "client_request_id": lambda trace: _cut(trace.client_request_id, 50),
    "request_preview": lambda trace: _cut(trace.request_preview, 1000),
    "response_preview": lambda trace: _cut(trace.response_preview, 1000),
    "trace_name": lambda trace: _cut(trace.name, 4096),
    "session_id": lambda trace: _cut(trace.session_id, 250),
    "input_tokens": lambda trace: trace.usage and trace.usage.input_tokens,
    "output_tokens": lambda trace: trace.usage and trace.usage.output_tokens,
    "total_tokens": lambda trace: trace.usage and trace.usage.total_tokens,
    "cache_read_input_tokens": lambda trace: trace.usage and trace.usage.cache_read_input_tokens,
    "cache_creation_input_tokens": lambda trace: trace.usage and trace.usage.cache_creation_input_tokens,
    "input_cost": lambda trace: trace.cost and trace.cost.input_cost,
    "output_cost": lambda trace: trace.cost and trace.cost.output_cost,
    "total_cost": lambda trace: trace.cost and trace.cost.total_cost,
}
"""`trace_info`, cut to its column widths: SQLite does not mind longer text, but the next database may."""

SPAN: Final[Mapping[str, Callable[[MlflowSpan], object]]] = {
    "trace_id": lambda span: f"{TRACE_ID_PREFIX}{span.trace_id}",
    "span_id": lambda span: span.span_id,
    "parent_span_id": lambda span: span.parent_span_id,
    "name": lambda span: span.name,
    "type": lambda span: _cut(span.type, 500),
    "status": lambda span: span.status_code.removeprefix("STATUS_CODE_"),
    "start_time_unix_nano": lambda span: span.start_time_unix_nano,
    "end_time_unix_nano": lambda span: span.end_time_unix_nano,
    "content": span_content.write,
    "input_cost": lambda span: span.cost and span.cost.input_cost,
    "output_cost": lambda span: span.cost and span.cost.output_cost,
    "total_cost": lambda span: span.cost and span.cost.total_cost,
    "model_name": lambda span: _cut(span.model_name, 500),
    "model_provider": lambda span: _cut(span.model_provider, 500),
}
"""`spans`."""

OF_THE_ROOT: Final = frozenset({TraceMetadataKey.INPUTS, TraceMetadataKey.OUTPUTS})
"""Metadata that the root alone states."""


def tags(trace: MlflowTrace, layout: Layout) -> dict[str, str]:
    """Rows of `trace_tags`. The trace's name is a column where the schema has one, and must then be no row."""
    facts = dict(trace.tags)
    facts.pop(TraceTagKey.TRACE_NAME, None)
    if trace.name is not None and not layout.has("trace_info", "trace_name"):
        facts[TraceTagKey.TRACE_NAME] = trace.name
    return facts


def location_tags(trace: MlflowTrace, experiment: StoredExperiment) -> dict[str, str]:
    """Rows of `trace_tags` that say where MLflow finds the parts of a trace."""
    return {
        "mlflow.artifactLocation": experiment.trace_artifacts(trace.trace_id),
        SPANS_LOCATION: TRACKING_STORE,
    }


def metadata(trace: MlflowTrace, layout: Layout) -> dict[str, str]:
    """Rows of `trace_request_metadata`. Session, usage and cost are columns where the schema has them."""
    facts = dict(trace.metadata)
    for key in (TraceMetadataKey.TRACE_SESSION, TraceMetadataKey.TOKEN_USAGE, TraceMetadataKey.COST):
        facts.pop(key, None)
    if trace.session_id is not None and not layout.has("trace_info", "session_id"):
        facts[TraceMetadataKey.TRACE_SESSION] = trace.session_id
    if trace.usage is not None and not layout.has("trace_info", "total_tokens"):
        facts[TraceMetadataKey.TOKEN_USAGE] = encode(trace.usage.stated())
    if trace.cost is not None and not layout.has("trace_info", "total_cost"):
        facts[TraceMetadataKey.COST] = encode(trace.cost.stated())
    return facts


def _cut(text: str | None, width: int) -> str | None:
    return text and text[:width]
