"""Translate: one OpenTelemetry span into the span that MLflow stores, and that its UI renders at its best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link

from genspan.exporters.mlflow.keys import API_SCOPE, TRACE_ID_PREFIX, SpanAttributeKey, TraceMetadataKey
from genspan.exporters.mlflow.model import Cost, MlflowSpan, TokenUsage
from genspan.exporters.mlflow.pricing import PRICED, price
from genspan.exporters.mlflow.translate import reserved, semconv
from genspan.exporters.mlflow.translate.log_level import log_level
from genspan.exporters.mlflow.translate.reading import Attributes, Reading
from genspan.semconv import attributes as gen_ai
from genspan.semconv.encoding import decode, encode

__all__ = ["translate"]

DIALECTS: Final[tuple[Callable[[Attributes], Reading | None], ...]] = (semconv.read,)
"""Readers of the vocabularies in use, tried in order: attributes in, None out where they hold nothing of it."""

_OF_THE_TRACE: Final = frozenset({SpanAttributeKey.REQUEST_ID, SpanAttributeKey.EXPERIMENT_ID})
"""Written once for all spans: what a span says of them is of no more use."""
_SESSION: Final = (TraceMetadataKey.TRACE_SESSION, gen_ai.SESSION_ID, gen_ai.GEN_AI_CONVERSATION_ID)
_USER: Final = (TraceMetadataKey.TRACE_USER, gen_ai.USER_ID, "enduser.id")
_NOTHING: Final = Reading()


def translate(span: ReadableSpan) -> MlflowSpan:
    """The MLflow span for any OpenTelemetry span.

    Inputs, outputs, type, chat, tools, model and usage come from the span's vocabulary (see `DIALECTS`); `mlflow.*`
    attributes that the span has already are kept as they are. Content that became inputs or outputs is not stored a
    second time; every other attribute stays. Pure, and never raises: what is malformed is shown as it is. The cost of a
    model call is that of `pricing`.
    """
    given = _plain(span.attributes)
    reading = _first_reading(given) or _NOTHING
    context, parent = span.context, span.parent
    trace_id = f"{context.trace_id:032x}" if context else "0" * 32

    cost = _cost(reading, given)
    derived = _derived(reading, cost)
    if not derived.keys().isdisjoint(given):
        derived = reserved.beside(derived, given)
    is_mlflows = span.instrumentation_scope is not None and span.instrumentation_scope.name == API_SCOPE
    consumed = reading.consumed_by({**derived, **given} if is_mlflows else derived)
    attributes = {SpanAttributeKey.REQUEST_ID: f'"{TRACE_ID_PREFIX}{trace_id}"'}
    speaks_mlflow = False
    for key, value in given.items():
        if key.startswith("mlflow."):
            speaks_mlflow = True
            if key not in _OF_THE_TRACE:
                attributes[key] = reserved.json_text(key, value)
        elif key not in consumed:
            attributes[key] = reserved.json_text(key, value) if is_mlflows else encode(value)
    attributes.update(derived)

    translated = MlflowSpan(
        trace_id=trace_id,
        span_id=f"{context.span_id:016x}" if context else "0" * 16,
        parent_span_id=f"{parent.span_id:016x}" if parent else None,
        name=span.name,
        kind=f"SPAN_KIND_{span.kind.name}",
        start_time_unix_nano=span.start_time or 0,
        end_time_unix_nano=span.end_time,
        status_code=f"STATUS_CODE_{span.status.status_code.name}",
        status_message=span.status.description or "",
        type=reading.type,
        attributes=attributes,
        events=[
            {"name": event.name, "time_unix_nano": event.timestamp, "attributes": _plain_values(event.attributes)}
            for event in span.events
        ],
        links=[_link(link) for link in span.links],
        model_name=reading.model,
        model_provider=reading.provider,
        usage=reading.usage,
        cost=cost,
        has_remote_parent=parent is not None and parent.is_remote,
        request_preview=reading.request_preview,
        response_preview=reading.response_preview,
        session_id=_first_text(attributes, _SESSION),
        user_id=_first_text(attributes, _USER),
    )
    if speaks_mlflow:
        reserved.apply(translated, given)
    if SpanAttributeKey.LOG_LEVEL not in attributes:
        attributes[SpanAttributeKey.LOG_LEVEL] = str(log_level(translated.type, translated.events))
    return translated


def _first_reading(given: Attributes) -> Reading | None:
    for read in DIALECTS:
        reading = read(given)
        if reading is not None:
            return reading
    return None


def _cost(reading: Reading, given: Attributes) -> Cost | None:
    if reading.type not in PRICED or SpanAttributeKey.LLM_COST in given:
        return None
    return price(reading.model, reading.provider, reading.usage)


def _derived(reading: Reading, cost: Cost | None) -> dict[str, str]:
    """The attributes that MLflow wants, from what a dialect read."""
    derived = {}
    if reading.type is not None:
        derived[SpanAttributeKey.SPAN_TYPE] = f'"{reading.type}"'
    if reading.inputs is not None:
        derived[SpanAttributeKey.INPUTS] = reading.inputs
    if reading.outputs is not None:
        derived[SpanAttributeKey.OUTPUTS] = reading.outputs
    if reading.message_format:
        derived[SpanAttributeKey.MESSAGE_FORMAT] = f'"{reading.message_format}"'
    if reading.tools is not None:
        derived[SpanAttributeKey.CHAT_TOOLS] = reading.tools
    if reading.usage is not None:
        derived[SpanAttributeKey.CHAT_USAGE] = usage_text(reading.usage)
    if cost is not None:
        derived[SpanAttributeKey.LLM_COST] = encode(cost.stated())
    if reading.model:
        derived[SpanAttributeKey.MODEL] = encode(reading.model)
    if reading.provider:
        derived[SpanAttributeKey.MODEL_PROVIDER] = encode(reading.provider)
    return derived


def usage_text(usage: TokenUsage) -> str:
    """JSON text of `mlflow.chat.tokenUsage`: the counts that are known."""
    return encode(usage.stated())


def _link(link: Link) -> dict[str, Any]:
    return {
        "trace_id": f"{TRACE_ID_PREFIX}{link.context.trace_id:032x}",
        "span_id": f"{link.context.span_id:016x}",
        "attributes": _plain_values(link.attributes) or None,
    }


def _plain_values(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Attributes of an event or a link, which MLflow stores as plain JSON values: bytes become base64."""
    return {
        key: decode(encode(value)) if isinstance(value, (bytes, tuple, list, dict)) else value
        for key, value in (attributes or {}).items()
    }


def _plain(attributes: Attributes | None) -> Attributes:
    # The SDK's attributes are a Mapping written in Python, behind a proxy; their copy is a dict, faster to read.
    if isinstance(attributes, MappingProxyType):
        return attributes.copy()
    return attributes or {}


def _first_text(attributes: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if key in attributes:
            value = reserved.text(attributes[key])
            if value:
                return value
    return None
