"""Totals of a trace from what its spans say, nothing counted twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from genspan.exporters.mlflow.model import Cost, MlflowSpan, TokenUsage

Counted = TypeVar("Counted")
Node = tuple[str, "str | None", "Counted | None"]
"""Span id, parent's span id, and what the span counted."""


def total_usage(nodes: Iterable[Node[TokenUsage]]) -> TokenUsage | None:
    """Tokens of a trace; None where no span counted any, and None for a count that nobody gave.

    An agent may state the sum of its model calls, so an ancestor's usage replaces its descendants', as MLflow has it
    (`aggregate_usage_from_span_nodes`).
    """
    counted = _topmost(nodes)
    if len(counted) < 2:
        return counted[0] if counted else None
    total = TokenUsage()
    for name in TokenUsage.__slots__:
        known = [count for usage in counted if (count := getattr(usage, name)) is not None]
        if known:
            setattr(total, name, sum(known))
    return total


def total_cost(nodes: Iterable[Node[Cost]]) -> Cost | None:
    """US dollars of a trace, by the rule of `total_usage`."""
    counted = _topmost(nodes)
    if len(counted) < 2:
        return counted[0] if counted else None
    return Cost(
        input_cost=sum(cost.input_cost for cost in counted),
        output_cost=sum(cost.output_cost for cost in counted),
        total_cost=sum(cost.total_cost for cost in counted),
    )


def usage_nodes(spans: Iterable[MlflowSpan]) -> list[Node[TokenUsage]]:
    """What `total_usage` takes, from spans."""
    return [(span.span_id, span.parent_span_id, span.usage) for span in spans]


def cost_nodes(spans: Iterable[MlflowSpan]) -> list[Node[Cost]]:
    """What `total_cost` takes, from spans."""
    return [(span.span_id, span.parent_span_id, span.cost) for span in spans]


def _topmost(nodes: Iterable[Node[Counted]]) -> list[Counted]:
    """What was counted by nodes that have no ancestor who counted."""
    by_id = {span_id: (parent_id, counted) for span_id, parent_id, counted in nodes}
    topmost = []
    for span_id, (parent_id, counted) in by_id.items():
        if counted is None:
            continue
        passed = {span_id}
        while parent_id in by_id and parent_id not in passed:
            passed.add(parent_id)
            parent_id, above = by_id[parent_id]
            if above is not None:
                break
        else:
            topmost.append(counted)
    return topmost
