from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from genspan.mlflow.notebook.tree import Node, planted
from support.notebook_traces import span, trace


def spans_of(*contents: dict[str, Any]) -> Any:
    return trace(*contents).data.spans


def every(roots: list[Node]) -> Iterator[Node]:
    for root in roots:
        yield root
        yield from root.below()


@given(st.lists(st.tuples(st.integers(1, 12), st.none() | st.integers(1, 14), st.integers(0, 5), st.booleans())))
def test_every_span_comes_once_whatever_the_parents_say(drawn: list[tuple[int, int | None, int, bool]]) -> None:
    spans = spans_of(*(span(one, parent, start=at, error="x" if bad else None) for one, parent, at, bad in drawn))
    roots = planted(spans, 1_000)
    found = [node.span for node in every(roots)]
    assert sorted(map(id, found)) == sorted(map(id, spans))
    for node in every(roots):
        assert all(child.parent is node and child.depth == node.depth + 1 for child in node.children)
        starts = [child.span.start_time_ns for child in node.children]
        assert starts == sorted(starts)


@given(st.lists(st.tuples(st.none() | st.integers(1, 30), st.booleans()), max_size=30), st.integers(1, 10))
def test_of_many_those_that_failed_are_kept_with_all_above_them(
    drawn: list[tuple[int | None, bool]], most: int
) -> None:
    spans = spans_of(
        *(span(at + 1, parent, start=at, error="x" if bad else None) for at, (parent, bad) in enumerate(drawn))
    )
    whole = {node.span.span_id: node for node in every(planted(spans, 1_000))}
    kept = {node.span.span_id: node for node in every(planted(spans, most))}
    assert len(kept) <= most or len(kept) == len(whole)
    assert sum(node.left_out for node in kept.values()) <= len(whole) - len(kept)
    for node in kept.values():
        assert node.parent is None or node.parent.span.span_id in kept
    for identity, node in whole.items():
        above = [node]
        while above[-1].parent:
            above.append(above[-1].parent)
        assert identity in kept or len(kept) + len(above) > most, "there was room for it"


def test_the_first_to_go_are_the_deepest_and_never_what_failed() -> None:
    spans = spans_of(
        span(1),
        *(span(10 + at, 1, start=at) for at in range(5)),
        *(span(100 + at, 10, start=at) for at in range(5)),
        span(1000, 102, start=9, error="no"),
    )
    (root,) = planted(spans, 6)
    kept = [int(node.span.span_id, 16) for node in every([root])]
    assert kept == [1, 10, 102, 1000, 11, 12]
    assert root.left_out == 2
    assert root.children[0].left_out == 4


def test_a_chain_of_thousands_is_no_trouble() -> None:
    spans = spans_of(*(span(at + 1, at or None, start=at) for at in range(5_000)))
    (root,) = planted(spans, 10_000)
    assert [node.depth for node in every([root])] == list(range(5_000))
