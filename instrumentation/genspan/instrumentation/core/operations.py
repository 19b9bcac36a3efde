"""Which operations there are: the conventions', and the few that they lack."""

from __future__ import annotations

from typing import Final

from opentelemetry.trace import SpanKind

from genspan.semconv import attributes as names
from genspan.semconv.spans import SPAN_TYPES

MODERATION: Final = "moderation"
"""Judging content by a model made for that."""

_KINDS: Final = {"client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL, "server": SpanKind.SERVER}

SHAPES: Final[dict[str, tuple[SpanKind, str | None]]] = {
    **{
        operation: (_KINDS[span_type.kind], span_type.name_key)
        for span_type in SPAN_TYPES
        for operation in span_type.operations
    },
    MODERATION: (SpanKind.CLIENT, names.GEN_AI_REQUEST_MODEL),
}
"""Kind and naming attribute by operation. Where the conventions have a remote and a local span type for one, the local
one, which comes later in their table, is meant unless the kind is given."""
