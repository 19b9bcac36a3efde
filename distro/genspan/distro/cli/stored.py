"""A trace as MLflow's users read it, made into what the exporter's stores write."""

from __future__ import annotations

from typing import Any, Final

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey, TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage
from genspan.mlflow.entities import Span, Trace, TraceInfo
from genspan.semconv.encoding import decode

OF_THE_PLACE: Final = frozenset(
    {"mlflow.artifactLocation", "mlflow.trace.spansLocation", "mlflow.trace.archiveLocation"}
)
"""Tags that say where a trace's parts are in the place it comes from."""

_COLUMNS: Final = frozenset({TraceMetadataKey.TRACE_SESSION, TraceMetadataKey.TOKEN_USAGE, TraceMetadataKey.COST})
"""Metadata that a store keeps in its own way."""


def as_stored(trace: Trace) -> MlflowTrace:
    """The trace with all that is known of it but its assessments.

    Raises ValueError where its id is not OpenTelemetry's.
    """
    if len(trace.info.trace_id.removeprefix(TRACE_ID_PREFIX)) != 32:
        raise ValueError(f"{trace.info.trace_id} is no id of a trace with spans of OpenTelemetry")
    ids = {span.span_id for span in trace.data.spans}
    return with_facts(trace.info, [_span(span, ids) for span in trace.data.spans])


def with_facts(info: TraceInfo, spans: list[MlflowSpan]) -> MlflowTrace:
    """Spans under the facts of a trace."""
    tags = {key: value for key, value in info.tags.items() if key not in OF_THE_PLACE}
    return MlflowTrace(
        trace_id=info.trace_id,
        spans=spans,
        request_time=info.request_time,
        execution_duration=info.execution_duration,
        state=info.state.value,
        name=tags.get(TraceTagKey.TRACE_NAME),
        request_preview=info.request_preview,
        response_preview=info.response_preview,
        client_request_id=info.client_request_id,
        session_id=info.trace_metadata.get(TraceMetadataKey.TRACE_SESSION),
        usage=usage(info.token_usage),
        cost=cost(info.cost),
        tags=tags,
        metadata={key: value for key, value in info.trace_metadata.items() if key not in _COLUMNS},
    )


def _span(span: Span, ids: set[str]) -> MlflowSpan:
    content = span.to_dict()
    return described(
        MlflowSpan(
            trace_id=span._trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_id,
            name=span.name,
            # MLflow keeps no kind; our own stores do, beside what it knows.
            kind=span._stored.get("kind") or "SPAN_KIND_UNSPECIFIED",
            start_time_unix_nano=span.start_time_ns,
            end_time_unix_nano=span.end_time_ns,
            status_code=content["status"]["code"],
            status_message=content["status"]["message"],
            type=None,
            attributes=content["attributes"],
            events=content["events"],
            links=content["links"],
            is_running=span.end_time_ns is None,
            has_remote_parent=span.parent_id is not None and span.parent_id not in ids,
        )
    )


def described(span: MlflowSpan) -> MlflowSpan:
    """The span, with what its attributes say in MLflow's words."""
    span.type = _text(span, SpanAttributeKey.SPAN_TYPE)
    span.model_name = _text(span, SpanAttributeKey.MODEL)
    span.model_provider = _text(span, SpanAttributeKey.MODEL_PROVIDER)
    span.usage = usage(_value(span, SpanAttributeKey.CHAT_USAGE))
    span.cost = cost(_value(span, SpanAttributeKey.LLM_COST))
    return span


def usage(counts: Any) -> TokenUsage | None:
    """MLflow's token usage; None where nothing is known."""
    if not isinstance(counts, dict):
        return None
    found = TokenUsage(**{name: counts.get(name) for name in TokenUsage.__slots__})
    return None if found == TokenUsage() else found


def cost(amounts: Any) -> Cost | None:
    """MLflow's cost; None where it is not known whole."""
    if not isinstance(amounts, dict) or any(amounts.get(name) is None for name in Cost.__slots__):
        return None
    return Cost(**{name: amounts[name] for name in Cost.__slots__})


def _value(span: MlflowSpan, key: str) -> Any:
    try:
        return decode(span.attributes.get(key) or "null")
    except ValueError:
        return None


def _text(span: MlflowSpan, key: str) -> str | None:
    value = _value(span, key)
    return value if isinstance(value, str) else None
