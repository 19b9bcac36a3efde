"""The JSON text in `spans.content`, written and read back.

As `mlflow.entities.Span.to_dict` has it in 3.17.2: ids in base64, every attribute's value JSON text itself. Spaces
after colons and commas are part of the format, since `span.attributes.x RLIKE …` looks for them. Beyond MLflow's keys,
which ignores others, it has two of OTLP's JSON: `kind`, and `flags` where the parent is in another process.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext
from opentelemetry.trace.status import Status, StatusCode

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey
from genspan.exporters.mlflow.model import MlflowSpan
from genspan.exporters.mlflow.translate import translate
from genspan.semconv import attributes as gen_ai
from genspan.semconv.encoding import decode, encode

REMOTE_PARENT: Final = 0x300
"""OTLP's SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK and SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK."""

TRACE_ATTRIBUTES: Final = frozenset({gen_ai.SESSION_ID, gen_ai.GEN_AI_CONVERSATION_ID, gen_ai.USER_ID, "enduser.id"})
"""Attributes outside MLflow's namespace that `translate` takes facts of the trace from."""


def write(span: MlflowSpan) -> str:
    """The content of a span."""
    attributes = span.attributes
    if SpanAttributeKey.REQUEST_ID not in attributes:  # MLflow cannot load a span without it.
        attributes = {SpanAttributeKey.REQUEST_ID: encode(f"{TRACE_ID_PREFIX}{span.trace_id}"), **attributes}
    content: dict[str, Any] = {
        "trace_id": _base64(span.trace_id),
        "span_id": _base64(span.span_id),
        "parent_span_id": _base64(span.parent_span_id) if span.parent_span_id else None,
        "name": span.name,
        "kind": span.kind,
        "start_time_unix_nano": span.start_time_unix_nano,
        "end_time_unix_nano": span.end_time_unix_nano,
        "events": span.events,
        "status": {"code": span.status_code, "message": span.status_message},
        "attributes": attributes,
        "links": span.links,
    }
    if span.has_remote_parent:
        content["flags"] = REMOTE_PARENT
    return _spaced(content)


def read(content: str) -> MlflowSpan:
    """What the facts of a trace need of a stored span, whoever wrote it: its other attributes are left out.

    Raises ValueError, KeyError or TypeError where the content is not that of a span.
    """
    stored = decode(content)
    trace_id, parent_id = _number(stored["trace_id"]), stored["parent_span_id"]
    is_remote = bool(stored.get("flags", 0) & REMOTE_PARENT == REMOTE_PARENT)
    return translate(
        ReadableSpan(
            name=stored["name"],
            context=SpanContext(trace_id, _number(stored["span_id"]), is_remote=False),
            parent=SpanContext(trace_id, _number(parent_id), is_remote) if parent_id else None,
            attributes=_facts(stored["attributes"]),
            status=Status(StatusCode[stored["status"]["code"].removeprefix("STATUS_CODE_")]),
            start_time=stored["start_time_unix_nano"],
            end_time=stored["end_time_unix_nano"],
        )
    )


def _facts(attributes: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that say something of the whole trace, as the span had them before translation."""
    return {
        key: text if key.startswith("mlflow.") else decode(text)
        for key, text in attributes.items()
        if key.startswith("mlflow.") or key in TRACE_ATTRIBUTES
    }


def _spaced(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{encode(key)}: {_spaced(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_spaced, value))}]"
    return encode(value)


def _base64(digits: str) -> str:
    return b64encode(bytes.fromhex(digits)).decode()


def _number(text: str) -> int:
    return int.from_bytes(b64decode(text), "big")
