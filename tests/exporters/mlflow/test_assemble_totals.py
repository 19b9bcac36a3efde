"""Token totals are those that MLflow itself would find."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genspan.exporters.mlflow.model import TokenUsage
from genspan.exporters.mlflow.totals import total_usage

aggregation = pytest.importorskip("mlflow.tracing.utils")

COUNTS = st.none() | st.integers(0, 1000)
USAGES = st.none() | st.builds(TokenUsage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), COUNTS, COUNTS)


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, str | None, TokenUsage | None]]:
    """Nodes in any order, some with a parent that is not among them."""
    size = draw(st.integers(1, 8))
    nodes = [
        (str(index), draw(st.sampled_from([None, "absent", *map(str, range(index))])), draw(USAGES))
        for index in range(size)
    ]
    return draw(st.permutations(nodes))


@given(trees())
@settings(deadline=None, max_examples=300)
def test_totals_are_mlflows(nodes: list[tuple[str, str | None, TokenUsage | None]]) -> None:
    total = total_usage(nodes)
    theirs = aggregation.aggregate_usage_from_span_nodes(
        [aggregation.SpanAggregationNode(span_id, parent, usage and stated(usage)) for span_id, parent, usage in nodes]
    )
    assert (total and stated(total)) == theirs


def stated(usage: TokenUsage) -> dict[str, int]:
    return {name: count for name, count in dataclasses.asdict(usage).items() if count is not None}
