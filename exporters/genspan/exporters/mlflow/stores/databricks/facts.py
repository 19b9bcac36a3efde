"""The facts of a trace as Databricks takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from genspan.exporters.mlflow import preview
from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.server import trace_info

LONGEST_PREVIEW: Final = 10_000
"""Characters (`TRACE_REQUEST_RESPONSE_PREVIEW_MAX_LENGTH_DBX`)."""
LONGEST_METADATA: Final = 250
"""Characters (`MAX_CHARS_IN_TRACE_INFO_METADATA`)."""
LONGEST_TAG: Final = 4096
"""Characters (`MAX_CHARS_IN_TRACE_INFO_TAGS_VALUE`)."""


def described(trace: MlflowTrace, location: Mapping[str, Any]) -> dict[str, Any]:
    """MLflow's trace info in protobuf's JSON, with tags and metadata as long as MLflow's client sends them."""
    info = trace_info.located(trace, location, LONGEST_PREVIEW)
    info["tags"] = {key: preview.cut(value, LONGEST_TAG) for key, value in info["tags"].items()}
    info["trace_metadata"] = {
        key: preview.cut(value, LONGEST_METADATA) for key, value in info["trace_metadata"].items()
    }
    return info


def with_long_previews(trace: MlflowTrace) -> MlflowTrace:
    """The trace with previews of it and its spans that are up to ten times as long as elsewhere."""
    spans = [lengthened(span) for span in trace.spans]
    requests = {short.request_preview: long.request_preview for short, long in zip(trace.spans, spans, strict=True)}
    responses = {short.response_preview: long.response_preview for short, long in zip(trace.spans, spans, strict=True)}
    return replace(
        trace,
        spans=spans,
        request_preview=requests.get(trace.request_preview, trace.request_preview),
        response_preview=responses.get(trace.response_preview, trace.response_preview),
    )


def lengthened(span: MlflowSpan) -> MlflowSpan:
    """The span with previews from its inputs and outputs anew, where they were cut."""
    request = _whole(span.request_preview, span, SpanAttributeKey.INPUTS, preview.of_inputs)
    response = _whole(span.response_preview, span, SpanAttributeKey.OUTPUTS, preview.of_outputs)
    if (request, response) == (span.request_preview, span.response_preview):
        return span
    return replace(span, request_preview=request, response_preview=response)


def _whole(short: str | None, span: MlflowSpan, key: str, read: Callable[[str, int], str | None]) -> str | None:
    if short is None or len(short) < preview.LIMIT or key not in span.attributes:
        return short
    try:
        long = read(span.attributes[key], LONGEST_PREVIEW)
    except ValueError:
        return short
    # A preview may be of something else, such as the messages that the inputs were made of.
    return long if long is not None and preview.cut(long) == short else short
