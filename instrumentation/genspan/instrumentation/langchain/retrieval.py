"""Retrievers: `BaseRetriever.invoke` and `ainvoke`."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Found, Method
from genspan.instrumentation.core.messages import retrieval_document
from genspan.instrumentation.core.reading import field, integer, items, string
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName


def _identity(call: Call) -> Attributes:
    return {}


def _request(call: Call) -> Found:
    return {names.GEN_AI_RETRIEVAL_TOP_K: integer(field(field(call.instance, "search_kwargs"), "k"))}


def _request_content(call: Call) -> Content:
    return {names.GEN_AI_RETRIEVAL_QUERY_TEXT: string(call.get("query"))}


def _response_content(documents: Any) -> Content:
    return {names.GEN_AI_RETRIEVAL_DOCUMENTS: [retrieval_document(document) for document in items(documents)]}


RETRIEVAL: Final = Method(
    operation=OperationName.RETRIEVAL,
    identity=_identity,
    request=_request,
    request_content=_request_content,
    response_content=_response_content,
    own=True,
)
