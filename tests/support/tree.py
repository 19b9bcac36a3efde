"""Traces as trees that compare equal whatever backend they were read from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Node(NamedTuple):
    """One span: what every backend keeps of it."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str


def of_phoenix(spans: Iterable[dict[str, Any]]) -> set[Node]:
    """From Phoenix's REST API."""
    return {
        Node(span["context"]["trace_id"], span["context"]["span_id"], span["parent_id"] or None, span["name"])
        for span in spans
    }


def of_mlflow(traces: Iterable[Any]) -> set[Node]:
    """From MLflow's `Trace` entities, whose ids are `tr-` and OpenTelemetry's."""
    return {
        Node(trace.info.trace_id.removeprefix("tr-"), span.span_id, span.parent_id or None, span.name)
        for trace in traces
        for span in trace.data.spans
    }


def of_otel(spans: Iterable[Any]) -> set[Node]:
    """From the SDK's spans."""
    return {
        Node(
            f"{span.context.trace_id:032x}",
            f"{span.context.span_id:016x}",
            f"{span.parent.span_id:016x}" if span.parent else None,
            span.name,
        )
        for span in spans
    }
