"""Retrievers: `BaseRetriever.invoke` and `ainvoke`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Found, Method
from genspan.instrumentation.core.reading import double, field, integer, items, string
from genspan.semconv import attributes as names
from genspan.semconv.messages import RetrievalDocument
from genspan.semconv.values import OperationName

_SCORES: Final = ("relevance_score", "score")
"""Where rerankers and stores put a document's score in its metadata."""


def _identity(call: Call) -> Attributes:
    return {}


def _request(call: Call) -> Found:
    return {names.GEN_AI_RETRIEVAL_TOP_K: integer(field(field(call.instance, "search_kwargs"), "k"))}


def _request_content(call: Call) -> Content:
    return {names.GEN_AI_RETRIEVAL_QUERY_TEXT: string(call.get("query"))}


def _response_content(documents: Any) -> Content:
    return {names.GEN_AI_RETRIEVAL_DOCUMENTS: [_document(document) for document in items(documents)]}


def _document(document: Any) -> RetrievalDocument:
    metadata = field(document, "metadata")
    metadata = dict(metadata) if isinstance(metadata, Mapping) else {}
    found: RetrievalDocument = {"content": string(field(document, "page_content")) or ""}
    identifier = string(field(document, "id"))
    score = next((number for name in _SCORES if (number := double(metadata.get(name))) is not None), None)
    if identifier is not None:
        found["id"] = identifier
    if score is not None:
        found["score"] = score
    if metadata:
        found["metadata"] = metadata
    return found


RETRIEVAL: Final = Method(
    operation=OperationName.RETRIEVAL,
    identity=_identity,
    request=_request,
    request_content=_request_content,
    response_content=_response_content,
)
