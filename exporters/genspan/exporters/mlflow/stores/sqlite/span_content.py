"""The JSON text in `spans.content`, written and read back.

As `mlflow.entities.Span.to_dict` has it in 3.17.2: ids in base64, every attribute's value JSON text itself. Spaces
after colons and commas are part of the format, since `span.attributes.x RLIKE …` looks for them. Beyond MLflow's keys,
which ignores others, it has two of OTLP's JSON: `kind`, and `flags` where the parent is in another process.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext
from opentelemetry.trace.status import Status, StatusCode

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey
from genspan.exporters.mlflow.model import MlflowSpan
from genspan.exporters.mlflow.trace_size import byte_count
from genspan.exporters.mlflow.translate import translate
from genspan.semconv import attributes as gen_ai
from genspan.semconv.encoding import decode, encode

REMOTE_PARENT: Final = 0x300
"""OTLP's SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK and SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK."""

_REMOTE_PARENT: Final = b', "flags": %d' % REMOTE_PARENT

_BEGIN: Final = (
    b'{"trace_id": %b, "span_id": %b, "parent_span_id": %b, "name": %b, "kind": %b, "start_time_unix_nano": %d, '
    b'"end_time_unix_nano": %b, "events": %b, "status": {"code": %b, "message": %b}, "attributes": {'
)
_BETWEEN: Final = b", "
_END: Final = b'}, "links": %b%b}'

# Without one, the SDK (1.45) would run every resource detector for every span.
_NO_RESOURCE: Final = Resource.get_empty()

Dump = Callable[[Any], bytes]

TRACE_ATTRIBUTES: Final = frozenset({gen_ai.SESSION_ID, gen_ai.GEN_AI_CONVERSATION_ID, gen_ai.USER_ID, "enduser.id"})
"""Attributes outside MLflow's namespace that `translate` takes facts of the trace from."""


def write(span: MlflowSpan) -> str:
    """The content of a span."""
    try:
        return _written(span, orjson.dumps).decode()
    except TypeError:  # Not UTF-8, or an integer beyond 64 bits, in a name or an event.
        return _written(span, lambda value: encode(value).encode()).decode()


def size(span: MlflowSpan) -> int:
    """Bytes of the content of a span."""
    return byte_count(write(span)) if span.content_size is None else span.content_size


def rewrite(content: Mapping[str, Any]) -> str:
    """The content that somebody has decoded."""
    return _spaced(content, lambda value: encode(value).encode()).decode()


def read(content: str) -> MlflowSpan:
    """What the facts of a trace need of a stored span, whoever wrote it: its other attributes are left out.

    Raises ValueError, KeyError or TypeError where the content is not that of a span.
    """
    stored = decode(content)
    trace_id, parent_id = _number(stored["trace_id"]), stored["parent_span_id"]
    is_remote = bool(stored.get("flags", 0) & REMOTE_PARENT == REMOTE_PARENT)
    span = translate(
        ReadableSpan(
            name=stored["name"],
            context=SpanContext(trace_id, _number(stored["span_id"]), is_remote=False),
            parent=SpanContext(trace_id, _number(parent_id), is_remote) if parent_id else None,
            resource=_NO_RESOURCE,
            attributes=_facts(stored["attributes"]),
            status=Status(StatusCode[stored["status"]["code"].removeprefix("STATUS_CODE_")]),
            start_time=stored["start_time_unix_nano"],
            end_time=stored["end_time_unix_nano"],
        )
    )
    span.is_running = span.end_time_unix_nano is None
    span.content_size = byte_count(content)
    return span


def _facts(attributes: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that say something of the whole trace, as the span had them before translation."""
    return {
        key: text if key.startswith("mlflow.") else decode(text)
        for key, text in attributes.items()
        if key.startswith("mlflow.") or key in TRACE_ATTRIBUTES
    }


def _written(span: MlflowSpan, dump: Dump) -> bytes:
    attributes = span.attributes
    if SpanAttributeKey.REQUEST_ID not in attributes:  # MLflow cannot load a span without it.
        attributes = {SpanAttributeKey.REQUEST_ID: f'"{TRACE_ID_PREFIX}{span.trace_id}"', **attributes}
    # Texts may be large: they are copied once.
    content = [
        _BEGIN
        % (
            _base64(span.trace_id),
            _base64(span.span_id),
            _base64(span.parent_span_id) if span.parent_span_id else b"null",
            dump(span.name),
            dump(span.kind),
            span.start_time_unix_nano,
            dump(span.end_time_unix_nano),
            _spaced(span.events, dump),
            dump(span.status_code),
            dump(span.status_message),
        )
    ]
    for key, text in attributes.items():
        content += (_key(key), dump(text))
    content[1] = content[1].removeprefix(_BETWEEN)
    content.append(_END % (_spaced(span.links, dump), _REMOTE_PARENT if span.has_remote_parent else b""))
    return b"".join(content)


def _spaced(value: Any, dump: Dump) -> bytes:
    if isinstance(value, dict):
        return b"{%b}" % b", ".join([dump(key) + b": " + _spaced(item, dump) for key, item in value.items()])
    if isinstance(value, list):
        return b"[%b]" % b", ".join([_spaced(item, dump) for item in value])
    return dump(value)


@lru_cache(4096)
def _key(key: str) -> bytes:
    """What comes between the value before and an attribute's own; few keys are ever seen, each very often."""
    return _BETWEEN + encode(key).encode() + b": "


def _base64(digits: str) -> bytes:
    return b'"%b"' % b2a_base64(bytes.fromhex(digits), newline=False)


def _number(text: str) -> int:
    return int.from_bytes(b64decode(text), "big")
