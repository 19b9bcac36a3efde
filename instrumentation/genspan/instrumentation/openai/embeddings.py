"""Embeddings: `embeddings.create`."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Call, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, field, integer, items, string, strings, tokens
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName

from .endpoint import model_and_endpoint
from .envelope import body, envelope

_RESPONSE: Final[Table] = {
    "model": (names.GEN_AI_RESPONSE_MODEL, string),
    "usage": {
        "prompt_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
        "input_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
    },
}

_BYTES_PER_DIMENSION: Final = 4


def _request(call: Call) -> Found:
    return {
        names.GEN_AI_REQUEST_ENCODING_FORMATS: strings(call.get("encoding_format")),
        names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: integer(call.get("dimensions")),
    }


def _response(response: Any) -> Found:
    data = items(field(response, "data"))
    return {
        **attributes_of(response, _RESPONSE),
        names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: _dimensions(field(data[0], "embedding")) if data else None,
    }


def _dimensions(vector: Any) -> int | None:
    """How many numbers a vector has: a list, or float32s in base64."""
    if isinstance(vector, str):
        padding = vector.count("=", -2)
        return (len(vector) * 3 // 4 - padding) // _BYTES_PER_DIMENSION or None
    return len(items(vector)) or None


EMBEDDINGS: Final = Method(
    operation=OperationName.EMBEDDINGS,
    identity=model_and_endpoint,
    request=_request,
    response=_response,
    envelope=envelope,
    overrides="extra_body",
    body=body,
)

TARGETS: Final = (
    Target("openai.resources.embeddings", "Embeddings.create", EMBEDDINGS),
    Target("openai.resources.embeddings", "AsyncEmbeddings.create", EMBEDDINGS),
)
