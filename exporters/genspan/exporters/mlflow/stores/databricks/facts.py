"""The facts of a trace as Databricks takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


def described(trace: MlflowTrace, spans: Iterable[MlflowSpan], location: Mapping[str, Any]) -> dict[str, Any]:
    """MLflow's trace info in protobuf's JSON. `spans` are all that are known of the trace.

    Previews may be ten times as long as elsewhere, tags and metadata only as long as MLflow's client sends them.
    """
    spans = list(spans)
    long = replace(
        trace,
        request_preview=_whole(trace.request_preview, spans, SpanAttributeKey.INPUTS, preview.of_inputs),
        response_preview=_whole(trace.response_preview, spans, SpanAttributeKey.OUTPUTS, preview.of_outputs),
    )
    info = trace_info.located(long, location, LONGEST_PREVIEW)
    info["tags"] = {key: preview.cut(value, LONGEST_TAG) for key, value in info["tags"].items()}
    info["trace_metadata"] = {
        key: preview.cut(value, LONGEST_METADATA) for key, value in info["trace_metadata"].items()
    }
    return info


def _whole(
    short: str | None, spans: Iterable[MlflowSpan], key: str, read: Callable[[str, int], str | None]
) -> str | None:
    """A preview that was cut, from the span that it is of."""
    if short is None or len(short) < preview.LIMIT:
        return short
    for span in spans:
        long = read(span.attributes[key], LONGEST_PREVIEW) if key in span.attributes else None
        if long is not None and preview.cut(long) == short:
            return long
    return short
