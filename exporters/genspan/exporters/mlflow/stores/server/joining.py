"""Traces that come in parts: what the parts say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from genspan.exporters.mlflow.assemble import assemble, root_of
from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.server.trace_info import ENDED, StoredInfo

OF_THE_ROOT = frozenset({TraceMetadataKey.INPUTS, TraceMetadataKey.OUTPUTS})
"""Metadata that the root alone states."""


def distinct(traces: Iterable[MlflowTrace]) -> list[MlflowTrace]:
    """Every trace once, with all of its spans, each once."""
    by_id: dict[str, list[MlflowTrace]] = {}
    for trace in traces:
        by_id.setdefault(trace.trace_id, []).append(trace)
    return [parts[0] if len(parts) == 1 else _merged(parts) for parts in by_id.values()]


def joined(trace: MlflowTrace, spans: Sequence[MlflowSpan], stored: StoredInfo) -> MlflowTrace:
    """What to state of a trace that was there before this part of it came.

    `spans` are all of the server's, this part's among them. The facts are assembled anew, so that they are the same
    whatever parts the trace came in. A trace that has ended stays so; tags that somebody may have changed since are
    replaced by the root's part alone.
    """
    if not spans:
        return trace
    _restore_remote_parents(spans, trace, stored)
    (whole,) = assemble(spans, resource={})
    root, given = root_of(spans), {span.span_id for span in trace.spans}
    known: Mapping[str, str] = {}
    known_tags: Mapping[str, str] = {}
    if root is None or root.span_id not in given:
        known, known_tags = stored.metadata, stored.tags
    return replace(
        whole,
        spans=trace.spans,
        state=whole.state if whole.state in ENDED else stored.state,
        client_request_id=trace.client_request_id or stored.client_request_id,
        tags=_without({**trace.tags, **whole.tags}, known_tags),
        metadata={**_without(trace.metadata, [*known, *OF_THE_ROOT]), **whole.metadata},
    )


def _merged(parts: Sequence[MlflowTrace]) -> MlflowTrace:
    # What was said of a span while it ran counts for nothing once it has ended.
    said = sorted((span for part in parts for span in part.spans), key=lambda span: not span.is_running)
    spans = {span.span_id: span for span in said}
    (whole,) = assemble(list(spans.values()), resource={})
    root = root_of(spans.values())
    tags: dict[str, str] = {}
    metadata: dict[str, str] = {}
    # The part that brings the root has the last word, as it has where the parts come one by one.
    for part in sorted(parts, key=lambda part: any(span is root for span in part.spans)):
        tags.update(part.tags)
        metadata.update(_without(part.metadata, OF_THE_ROOT))
    return replace(whole, tags={**tags, **whole.tags}, metadata={**metadata, **whole.metadata})


def _restore_remote_parents(spans: Sequence[MlflowSpan], trace: MlflowTrace, stored: StoredInfo) -> None:
    """Marks spans whose parent is in another process, which the server does not keep.

    A trace that had ended without a root did so by such a span: one whose parent is still not there.
    """
    remote = {span.span_id for span in trace.spans if span.has_remote_parent}
    there = {span.span_id for span in spans}
    for span in spans:
        is_orphan = span.parent_span_id is not None and span.parent_span_id not in there
        span.has_remote_parent = span.span_id in remote or (stored.is_ended and is_orphan)


def _without(pairs: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    left_out = set(keys)
    return {key: value for key, value in pairs.items() if key not in left_out}
