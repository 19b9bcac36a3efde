"""Traces and spans as rows of MLflow's tables."""

from __future__ import annotations

from typing import Any, Final

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace, TokenUsage
from genspan.exporters.mlflow.stores.sqlite import span_content
from genspan.exporters.mlflow.stores.sqlite.experiments import StoredExperiment
from genspan.exporters.mlflow.stores.sqlite.schema import Layout
from genspan.semconv.encoding import encode

SPANS_LOCATION: Final = "mlflow.trace.spansLocation"
TRACKING_STORE: Final = "TRACKING_STORE"
OF_THE_ROOT: Final = frozenset({TraceMetadataKey.INPUTS, TraceMetadataKey.OUTPUTS})
"""Metadata that the root alone states."""
_NO_USAGE: Final = TokenUsage()


def trace_info(trace: MlflowTrace) -> dict[str, Any]:
    """A row of `trace_info` without the experiment, cut to its column widths: SQLite does not mind longer text, but the
    next database may."""
    usage, cost = trace.usage or _NO_USAGE, trace.cost
    return {
        "request_id": trace.trace_id,
        "timestamp_ms": trace.request_time,
        "execution_time_ms": trace.execution_duration,
        "status": trace.state,
        "client_request_id": _cut(trace.client_request_id, 50),
        "request_preview": _cut(trace.request_preview, 1000),
        "response_preview": _cut(trace.response_preview, 1000),
        "trace_name": _cut(trace.name, 4096),
        "session_id": _cut(trace.session_id, 250),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_creation_input_tokens": usage.cache_creation_input_tokens,
        "input_cost": cost and cost.input_cost,
        "output_cost": cost and cost.output_cost,
        "total_cost": cost and cost.total_cost,
    }


def span(span: MlflowSpan) -> dict[str, Any]:
    """A row of `spans` without the experiment."""
    cost = span.cost
    return {
        "trace_id": TRACE_ID_PREFIX + span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name,
        "type": _cut(span.type, 500),
        "status": span.status_code.removeprefix("STATUS_CODE_"),
        "start_time_unix_nano": span.start_time_unix_nano,
        "end_time_unix_nano": span.end_time_unix_nano,
        "content": span_content.write(span),
        "input_cost": cost and cost.input_cost,
        "output_cost": cost and cost.output_cost,
        "total_cost": cost and cost.total_cost,
        "model_name": _cut(span.model_name, 500),
        "model_provider": _cut(span.model_provider, 500),
    }


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


TRACE_INFO: Final = tuple(trace_info(MlflowTrace("", [], 0, None, "")))
SPAN: Final = tuple(span(MlflowSpan("", "", None, "", "", 0, None, "", "", None, {})))
"""Columns of the two, of which a file may lack some."""
