"""Vector stores: `vector_stores.search`, which is a retrieval."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Found, Method, Target
from genspan.instrumentation.core.reading import double, field, integer, items, plain, string, strings
from genspan.semconv import attributes as names
from genspan.semconv.messages import RetrievalDocument
from genspan.semconv.values import OperationName

from .endpoint import endpoint
from .envelope import body, envelope


def _identity(call: Call) -> Attributes:
    attributes = dict(endpoint(call.instance))
    store = string(call.get("vector_store_id"))
    if store is not None:
        attributes[names.GEN_AI_DATA_SOURCE_ID] = store
    return attributes


def _request(call: Call) -> Found:
    return {names.GEN_AI_RETRIEVAL_TOP_K: integer(call.get("max_num_results"))}


def _request_content(call: Call) -> Content:
    queries = strings(call.get("query"))
    return {names.GEN_AI_RETRIEVAL_QUERY_TEXT: None if queries is None else "\n".join(queries)}


def _response_content(page: Any) -> Content:
    return {names.GEN_AI_RETRIEVAL_DOCUMENTS: [_document(found) for found in items(field(page, "data"))]}


def _document(found: Any) -> RetrievalDocument:
    document: RetrievalDocument = {"id": string(field(found, "file_id")), "score": double(field(found, "score"))}
    texts = [string(field(piece, "text")) or "" for piece in items(field(found, "content"))]
    document["content"] = "\n".join(texts)
    attributes = plain(field(found, "attributes"))
    metadata = dict(attributes) if isinstance(attributes, dict) else {}
    filename = string(field(found, "filename"))
    if filename is not None:
        metadata["filename"] = filename
    if metadata:
        document["metadata"] = metadata
    return document


SEARCH: Final = Method(
    operation=OperationName.RETRIEVAL,
    identity=_identity,
    request=_request,
    request_content=_request_content,
    response_content=_response_content,
    envelope=envelope,
    overrides="extra_body",
    body=body,
    positional=("vector_store_id",),
)

_MODULE: Final = "openai.resources.vector_stores.vector_stores"

TARGETS: Final = (
    Target(_MODULE, "VectorStores.search", SEARCH),
    Target(_MODULE, "AsyncVectorStores.search", replace(SEARCH, awaitable=True)),
)
