"""Assemble: the facts that MLflow keeps of a whole trace, from the spans of one batch.

A batch may hold a trace in part. What it cannot know (no root has come) is left open, and the store merges what later
batches say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from genspan.exporters.mlflow import preview
from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey, TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.totals import cost_nodes, total_cost, total_usage, usage_nodes
from genspan.semconv.encoding import encode

MAX_KEY: Final = 250
"""Characters of a metadata or tag key, of a session id, and of a preview in the metadata."""
MAX_VALUE: Final = 8000
"""Characters of a metadata or tag value."""
MAX_NAME: Final = 4096
"""Characters of a trace name."""
_OF_THE_ROOT: Final = (
    (SpanAttributeKey.INPUTS, TraceMetadataKey.INPUTS),
    (SpanAttributeKey.OUTPUTS, TraceMetadataKey.OUTPUTS),
)
"""Attributes of the root whose beginning is metadata of the trace."""
_FINAL: Final = ("OK", "ERROR")
"""The states that a span may state for its trace."""
_START: Final = attrgetter("start_time_unix_nano", "span_id")
"""The order of spans; the same whatever order they come in, even where two start together."""
_NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})


def assemble(
    spans: Sequence[MlflowSpan], resource: Mapping[str, object], metadata: Mapping[str, str] = _NO_METADATA
) -> list[MlflowTrace]:
    """The traces that the spans are of, in the order in which they appear.

    `resource` are the attributes of the OpenTelemetry resource, which become tags. `metadata` is what is known of the
    program (see `source.program_metadata`), and the same for every trace.
    """
    by_trace: dict[str, list[MlflowSpan]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    tags, facts = resource_tags(resource), _bounded({TraceMetadataKey.SCHEMA_VERSION: "3", **metadata})
    return [_trace(trace_id, members, tags, facts) for trace_id, members in by_trace.items()]


def root_of(spans: Iterable[MlflowSpan]) -> MlflowSpan | None:
    """The span that speaks for the trace: without a parent, else the first with a parent elsewhere."""
    return _root(sorted(spans, key=_START))


def _root(ordered: Iterable[MlflowSpan]) -> MlflowSpan | None:
    first_remote = None
    for span in ordered:
        if span.parent_span_id is None:
            return span
        if first_remote is None and span.has_remote_parent:
            first_remote = span
    return first_remote


def resource_tags(resource: Mapping[str, object]) -> dict[str, str]:
    """Resource attributes as trace tags, as MLflow's OTLP ingestion writes them (3.17.2).

    Left out are `telemetry.sdk.*`, which says nothing of the app, `mlflow.*`, which is MLflow's own, and keys that are
    too long; values are cut.
    """
    said = {key: _text(value) for key, value in resource.items() if not key.startswith(("telemetry.sdk.", "mlflow."))}
    return _bounded(said)


def _trace(trace_id: str, spans: list[MlflowSpan], tags: dict[str, str], metadata: dict[str, str]) -> MlflowTrace:
    """One trace. Each fact under MLflow's name for it:

    - `request_time`, `execution_duration`: from the earliest start to the latest end, in milliseconds.
    - `state`: IN_PROGRESS while no root has come; then what a span states for the trace, else ERROR where the root
      failed, OK where it ended otherwise (a span that sets no status is fine).
    - `mlflow.traceName`: the name asked for by a span, else the root's.
    - `request_preview`, `response_preview`: those that a span states for the trace, else the root's. A root that says
      nothing (a web request, say) borrows those of the spans nearest to it: the first question, the last answer.
    - `session_id`, `mlflow.trace.user`: from the first span that names one.
    - `mlflow.trace.tokenUsage`, `mlflow.trace.cost`: see `totals`.
    - `mlflow.traceInputs`, `mlflow.traceOutputs`: the first 250 characters of the root's inputs and outputs.
    - tags and metadata asked for by a span win over those of the resource and the program.
    """
    ordered = sorted(spans, key=_START)
    root = _root(ordered)
    start = ordered[0].start_time_unix_nano // 1_000_000
    ends = [span.end_time_unix_nano for span in spans if span.end_time_unix_nano is not None]
    request, response = _previews(ordered, root)

    facts, asked = dict(metadata), dict(tags)
    user = _first(ordered, "user_id")
    if user:
        facts[TraceMetadataKey.TRACE_USER] = preview.cut(user, MAX_VALUE)
    if root is not None:
        for source, key in _OF_THE_ROOT:
            if source in root.attributes:
                facts[key] = preview.cut(root.attributes[source], MAX_KEY)
    for span in ordered:
        if span.trace_metadata:
            facts.update(_bounded(span.trace_metadata))
        if span.trace_tags:
            asked.update(_bounded(span.trace_tags))
    name = _first(ordered, "trace_name") or (root.name if root else None)
    if name:
        name = asked[TraceTagKey.TRACE_NAME] = preview.cut(name, MAX_NAME)
    session = _first(ordered, "session_id")

    return MlflowTrace(
        trace_id=f"{TRACE_ID_PREFIX}{trace_id}",
        spans=spans,
        request_time=start,
        execution_duration=max(ends) // 1_000_000 - start if ends else None,
        state=_state(root, ordered),
        name=name,
        request_preview=_first(ordered, "trace_request_preview") or request,
        response_preview=_first(ordered, "trace_response_preview") or response,
        client_request_id=_first(ordered, "client_request_id"),
        session_id=preview.cut(session, MAX_KEY) if session else None,
        usage=total_usage(usage_nodes(spans)),
        cost=total_cost(cost_nodes(spans)),
        tags=asked,
        metadata=facts,
    )


def _state(root: MlflowSpan | None, ordered: Sequence[MlflowSpan]) -> str:
    if root is None or root.is_running:
        return "IN_PROGRESS"
    for span in ordered:
        if span.trace_state in _FINAL:
            return span.trace_state
    return "ERROR" if root.status_code == "STATUS_CODE_ERROR" else "OK"


def _previews(ordered: Sequence[MlflowSpan], root: MlflowSpan | None) -> tuple[str | None, str | None]:
    speaking = [root] if root is not None and _speaks(root) else _topmost_speaking(ordered)
    return (
        _first(speaking, "request_preview"),
        _first(reversed(speaking), "response_preview"),
    )


def _topmost_speaking(ordered: Sequence[MlflowSpan]) -> list[MlflowSpan]:
    """The spans with a preview that are nearest to the top of the tree, in the order of their start."""
    ids = {span.span_id for span in ordered}
    children: dict[str | None, list[MlflowSpan]] = {}
    for span in ordered:
        children.setdefault(span.parent_span_id if span.parent_span_id in ids else None, []).append(span)
    level = children.get(None, [])
    while level:
        speaking = [span for span in level if _speaks(span)]
        if speaking:
            return speaking
        level = sorted((child for span in level for child in children.get(span.span_id, ())), key=_START)
    return []


def _speaks(span: MlflowSpan) -> bool:
    return span.request_preview is not None or span.response_preview is not None


def _first(spans: Iterable[MlflowSpan], fact: str) -> str | None:
    """The fact by the first span that states it."""
    for span in spans:
        stated: str | None = getattr(span, fact)
        if stated:
            return stated
    return None


def _bounded(pairs: Mapping[str, str]) -> dict[str, str]:
    return {key: preview.cut(value, MAX_VALUE) for key, value in pairs.items() if len(key) <= MAX_KEY}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else encode(value)
