"""Spans in their places: children below their parent, by time; of very many, those that matter most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genspan.mlflow.entities import Span


@dataclass(slots=True, eq=False)
class Node:
    """A span in its place."""

    span: Span
    parent: Node | None = None
    depth: int = 0
    """0 for a root."""
    children: list[Node] = field(default_factory=list)
    left_out: int = 0
    """How many spans below it are not shown."""

    def below(self) -> Iterator[Node]:
        """All nodes below it, as they are read from top to bottom."""
        pending = self.children[::-1]
        while pending:
            node = pending.pop()
            yield node
            pending += reversed(node.children)


def planted(spans: Sequence[Span], most: int) -> list[Node]:
    """The roots: spans whose parent is not among those given, the earliest first.

    Every span comes once, whatever the parents say. Of more than `most`, those that failed are kept, with all above
    them, then those closest to a root; each node knows how many are missing below it.
    """
    nodes = [Node(span) for span in sorted(spans, key=lambda span: span.start_time_ns)]
    ids = {span.span_id for span in spans}
    beneath: dict[str | None, list[Node]] = {}
    for node in nodes:
        parent_id = node.span.parent_id
        beneath.setdefault(parent_id if parent_id in ids else None, []).append(node)
    roots = beneath.pop(None, [])
    for root in roots:
        _grow(root, beneath)
    while beneath:  # What is left goes round in circles.
        parent_id, (root, *others) = beneath.popitem()
        if others:
            beneath[parent_id] = others
        _grow(root, beneath)
        roots.append(root)
    return _thinned(roots, nodes, most) if len(nodes) > most else roots


def _grow(root: Node, beneath: dict[str | None, list[Node]]) -> None:
    pending = [root]
    while pending:
        node = pending.pop()
        node.children = beneath.pop(node.span.span_id, [])
        for child in node.children:
            child.parent, child.depth = node, node.depth + 1
        pending += node.children


def _thinned(roots: list[Node], nodes: list[Node], most: int) -> list[Node]:
    kept: set[Node] = set()
    for node in sorted(nodes, key=lambda node: (not failed(node.span), node.depth)):
        path = list(_unkept(node, kept))
        if len(kept) + len(path) <= most:
            kept.update(path)
    for node in nodes:
        if node not in kept:
            above = node.parent
            while above is not None and above not in kept:
                above = above.parent
            if above is not None:
                above.left_out += 1
    for node in kept:
        node.children = [child for child in node.children if child in kept]
    return [root for root in roots if root in kept]


def _unkept(node: Node | None, kept: set[Node]) -> Iterator[Node]:
    while node is not None and node not in kept:
        yield node
        node = node.parent


def failed(span: Span) -> bool:
    """Whether the span ended in an error."""
    return span.status.status_code.value == "ERROR"


def type_of(span: Span) -> str:
    """The type of a span; what is stored may be of another kind, or missing."""
    return str(span.span_type or "UNKNOWN")
