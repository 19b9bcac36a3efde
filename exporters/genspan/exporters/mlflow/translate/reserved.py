"""A span's own `mlflow.*` attributes: what its maker says in MLflow's words wins over what a dialect reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from genspan.exporters.mlflow import preview
from genspan.exporters.mlflow.keys import SpanAttributeKey, SpanType, TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import Cost, MlflowSpan, TokenUsage
from genspan.exporters.mlflow.translate.reading import Attributes, token_count
from genspan.semconv.encoding import decode, encode

_JSON_BY_CONTRACT: Final = frozenset({SpanAttributeKey.INPUTS, SpanAttributeKey.OUTPUTS})
_TRACE_METADATA: Final = frozenset({TraceMetadataKey.SOURCE_RUN, TraceMetadataKey.MODEL_ID})
_NO_TYPE: Final = (f'"{SpanType.UNKNOWN}"', "null")
"""MLflow's API gives every span a type, the first where nobody chose one. As JSON text."""


def json_text(key: str, value: Any) -> str:
    """JSON text of an `mlflow.*` attribute, which may be JSON text already. Inputs and outputs are by contract."""
    is_json = _is_json if key in _JSON_BY_CONTRACT else holds_json
    return value if isinstance(value, str) and is_json(value) else encode(value)


def holds_json(text: str) -> bool:
    """Whether an attribute's text is taken for JSON text: it holds a string, list, object or null.

    Text that only looks like a number is not. As MLflow's OTLP ingestion has it (`sanitize_attributes`, 3.17.2), but
    for null.
    """
    return (text.lstrip()[:1] in ('"', "[", "{") or text.strip() == "null") and _is_json(text)


def _is_json(text: str) -> bool:
    try:
        decode(text)
    except ValueError:
        return False
    return True


def beside(derived: Mapping[str, str], given: Attributes) -> dict[str, str]:
    """The derived attributes that the span has not said itself."""
    kept = {
        key: text
        for key, text in derived.items()
        if key not in given or (key == SpanAttributeKey.SPAN_TYPE and json_text(key, given[key]) in _NO_TYPE)
    }
    if SpanAttributeKey.INPUTS not in kept and SpanAttributeKey.OUTPUTS not in kept:
        kept.pop(SpanAttributeKey.MESSAGE_FORMAT, None)
    return kept


def apply(span: MlflowSpan, given: Attributes) -> None:
    """Take the facts that the given attributes state into the span; its own are JSON text already."""
    texts = span.attributes
    if SpanAttributeKey.SPAN_TYPE in given:
        span.type = text(texts[SpanAttributeKey.SPAN_TYPE])
    if SpanAttributeKey.MODEL in given:
        span.model_name = text(texts[SpanAttributeKey.MODEL])
    if SpanAttributeKey.MODEL_PROVIDER in given:
        span.model_provider = text(texts[SpanAttributeKey.MODEL_PROVIDER])
    if SpanAttributeKey.CHAT_USAGE in given:
        span.usage = _usage(decode(texts[SpanAttributeKey.CHAT_USAGE]))
    if SpanAttributeKey.LLM_COST in given:
        span.cost = _cost(decode(texts[SpanAttributeKey.LLM_COST]))
    if SpanAttributeKey.INPUTS in given:
        span.request_preview = preview.of_inputs(texts[SpanAttributeKey.INPUTS])
    if SpanAttributeKey.OUTPUTS in given:
        span.response_preview = preview.of_outputs(texts[SpanAttributeKey.OUTPUTS])
    span.trace_state = _stated(texts, SpanAttributeKey.TRACE_STATE)
    span.trace_request_preview = _stated(texts, SpanAttributeKey.TRACE_REQUEST_PREVIEW)
    span.trace_response_preview = _stated(texts, SpanAttributeKey.TRACE_RESPONSE_PREVIEW)
    span.client_request_id = _stated(texts, SpanAttributeKey.CLIENT_REQUEST_ID)
    for key in given:
        if key.startswith(SpanAttributeKey.TRACE_TAG_PREFIX):
            span.trace_tags[key.removeprefix(SpanAttributeKey.TRACE_TAG_PREFIX)] = text(texts[key]) or ""
        elif key.startswith(SpanAttributeKey.TRACE_METADATA_PREFIX):
            span.trace_metadata[key.removeprefix(SpanAttributeKey.TRACE_METADATA_PREFIX)] = text(texts[key]) or ""
        elif key in _TRACE_METADATA:
            span.trace_metadata[key] = text(texts[key]) or ""
    span.trace_name = span.trace_tags.pop(TraceTagKey.TRACE_NAME, None)


def _stated(texts: Mapping[str, str], key: str) -> str | None:
    return text(texts[key]) if key in texts else None


def text(json: str) -> str | None:
    """What JSON text stands for, as text: a string as itself, null as None, anything else as JSON."""
    value = decode(json)
    return value if value is None or isinstance(value, str) else json


def _usage(value: Any) -> TokenUsage | None:
    if not isinstance(value, dict):
        return None
    counts = {name: token_count(value.get(name)) for name in TokenUsage.__slots__}
    return TokenUsage(**counts) if any(count is not None for count in counts.values()) else None


def _cost(value: Any) -> Cost | None:
    if not isinstance(value, dict):
        return None
    stated = [value.get(name) for name in ("input_cost", "output_cost", "total_cost")]
    amounts = [float(amount) for amount in stated if isinstance(amount, (int, float)) and math.isfinite(amount)]
    return Cost(*amounts) if len(amounts) == len(stated) else None
