"""The view of traces: for each its facts, the tree of its spans with their times, and beside it the span that is open.

It is HTML elements that fold by themselves, put beside each other by CSS; the script adds the keyboard and folding of
the tree. So it stays readable where scripts or styles are taken out.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from genspan.exporters.mlflow.keys import TraceMetadataKey, TraceTagKey
from genspan.mlflow.notebook import amounts
from genspan.mlflow.notebook.markup import Markup, element
from genspan.mlflow.notebook.mlflow_ui import way_to
from genspan.mlflow.notebook.room import Room, left_out
from genspan.mlflow.notebook.span_pane import lasted, pane, status
from genspan.mlflow.notebook.tree import Node, planted, type_of
from genspan.mlflow.notebook.values import table
from genspan.semconv.encoding import decode

if TYPE_CHECKING:
    from genspan.mlflow.entities import Trace

_logger = logging.getLogger(__name__)

LIMIT: Final = 2_000_000
"""Characters of HTML that one view has at most."""
SPANS: Final = 1_000
"""Spans of all traces of one view that are in its trees, at most."""
_PANE: Final = 300_000
"""Characters of what is shown of one span."""
_UNSHOWN: Final = 500
"""Characters of what is around a row, and of a pane for which there is no room."""
_FRAME: Final = 300_000
"""Characters of all else: the style, the script, and the traces' facts."""
_TRACES: Final = 100
"""Traces of one view."""
_LONGEST: Final = 2_000
"""Characters of a command or an address."""
_DEEPEST: Final = 30
"""Levels of lists in lists; deeper spans are in the last list. Browsers end at 512 elements in one another."""


def rendered(traces: Sequence[Trace], *, tracking_uri: str | None, more: int) -> str:
    """See `html_of`."""
    room = Room(LIMIT - _FRAME)
    more += len(traces[_TRACES:])
    traces = traces[:_TRACES]
    shown = []
    spans = SPANS
    for index, trace in enumerate(traces):
        # Each of those that are left may have an equal part of what is left.
        share = max(spans // (len(traces) - index), 1)
        roots = planted(trace.data.spans, share)
        spans -= min(len(trace.data.spans), share)
        part = room.part(room.left // (len(traces) - index))
        shown.append(_trace(trace, roots, part, tracking_uri, is_open=index == 0))
    if more:
        shown.append(element("p", left_out(f"{more:,} more traces"), class_="gs-note"))
    classes = "genspan-traces tex2jax_ignore mathjax_ignore"  # A dollar in a prompt is no formula.
    view = element("div", *shown, class_=classes)
    return element("div", element("style", _asset("view.css")), view, element("script", _asset("view.js")))


@cache
def _asset(name: str) -> Markup:
    """The style or the script: ours, and the same for all traces, with nothing of them in it."""
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _trace(trace: Trace, roots: Sequence[Node], room: Room, tracking_uri: str | None, *, is_open: bool) -> Markup:
    nodes = [node for root in roots for node in (root, *root.below())]
    tree = _Tree(nodes, room)
    items = [item for root in roots for item in tree.items(root)]
    if not items:
        items = [element("li", "The trace has no spans.", class_="gs-note")]
    missing = len(trace.data.spans) - len(nodes)
    if missing:
        note = f"{missing:,} more spans: those that failed and those nearest to the root are shown"
        items.append(element("li", left_out(note), class_="gs-note"))
    listed = element("ul", *items, class_="gs-tree", aria_label="Spans")
    body = element("div", listed, class_="gs-body", style=f"--gs-height:{_height(len(nodes), tree.longest_pane)}px")
    summary = element("summary", *_head(trace, roots), class_="gs-head")
    return element("details", summary, body, *_about(trace, room, tracking_uri), class_="gs-trace", open=is_open)


def _height(rows: int, longest_pane: int) -> int:
    """Pixels that show all rows, and about as much as the longest pane takes; not more than a screen has for it."""
    return min(max(26 * rows + 16, 140 + longest_pane // 15), 520)


def _head(trace: Trace, roots: Sequence[Node]) -> Iterator[Markup]:
    info = trace.info
    name = info.tags.get(TraceTagKey.TRACE_NAME) or (roots[0].span.name if roots else "trace")
    duration = info.execution_duration
    yield element("strong", name[:200], class_="gs-title", dir="auto")
    # Of the whole trace whole milliseconds are known, of its one root more.
    whole = lasted(roots[0].span) if len(roots) == 1 and roots[0].span.end_time_ns else None
    facts = [
        whole or (None if duration is None else amounts.duration(duration * 1_000_000)),
        amounts.tokens(_json(info.trace_metadata.get(TraceMetadataKey.TOKEN_USAGE))),
        amounts.cost(_json(info.trace_metadata.get(TraceMetadataKey.COST))),
        _moment(info.request_time),
    ]
    state = info.state.value
    yield element("span", " ", state.replace("_", " "), class_="gs-state", data_state=state)
    yield from (element("span", " ", fact, class_="gs-fact") for fact in facts if fact)


def _json(text: str | None) -> Any:
    """What JSON text holds; None where it is none."""
    try:
        return decode(text or "null")
    except ValueError:
        return None


def _moment(milliseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return ""


def _about(trace: Trace, room: Room, tracking_uri: str | None) -> Iterator[Markup]:
    """What is said of the whole trace, and the way to it in MLflow's UI."""
    info = trace.info
    metadata = info.trace_metadata
    facts = {
        "trace id": info.trace_id,
        "session": metadata.get(TraceMetadataKey.TRACE_SESSION),
        "user": metadata.get(TraceMetadataKey.TRACE_USER),
        "request id": info.client_request_id,
        "tags": {key: tag for key, tag in info.tags.items() if not key.startswith("mlflow.")},
        "assessments": [assessment.to_dictionary() for assessment in info.assessments],
        "metadata": metadata,
    }
    known = table([(name, fact) for name, fact in facts.items() if fact], room)
    way = way_to(trace, tracking_uri)
    command = None
    if way and way.command:
        address = element("code", way.address[:_LONGEST])
        run = element("code", way.command[:_LONGEST])
        command = element("p", "Open in MLflow UI: run ", run, ", then open ", address)
    yield element("details", element("summary", "About this trace"), known, command, class_="gs-section gs-about")
    if way and not way.command:
        link = element("a", "Open in MLflow UI", href=way.address, target="_blank", rel="noopener noreferrer")
        yield element("p", link, class_="gs-way")


class _Tree:
    """The rows of one trace's spans, each with its pane. All rows come to the room before any pane does."""

    def __init__(self, nodes: Sequence[Node], room: Room) -> None:
        spans = [node.span for node in nodes]
        self._begin = min((span.start_time_ns for span in spans), default=0)
        end = max((span.end_time_ns or span.start_time_ns for span in spans), default=0)
        self._whole = max(end - self._begin, 1)
        self._group = f"gs-{secrets.token_hex(4)}"
        """Browsers keep one of a group open."""
        self.longest_pane = 0
        """Characters of HTML."""
        self._room = room
        self._summaries = {node: self._summary(node) for node in nodes}
        for summary in self._summaries.values():
            room.spend(len(summary) + _UNSHOWN)

    def items(self, node: Node) -> Iterator[Markup]:
        """A span and those below it, as items of a list."""
        row = self._row(node)
        if node.depth < _DEEPEST:
            below = [item for child in node.children for item in self.items(child)]
            yield element("li", row, element("ul", *below) if below else None)
        else:
            yield element("li", row)
            for deeper in node.below():
                yield element("li", self._row(deeper))

    def _row(self, node: Node) -> Markup:
        room = self._room.part(_PANE)
        try:
            shown = pane(node.span, room)
        except Exception:
            _logger.warning("The span %s is not shown", node.span.span_id, exc_info=True)
            shown = element("p", "This span cannot be shown: the log says why.", class_="gs-note")
        content = element("div", shown, class_="gs-pane", data_type=_type(node))
        room.settle(len(content))
        self.longest_pane = max(self.longest_pane, len(content))
        is_first = node.depth == 0 and node is next(iter(self._summaries))
        return element("details", self._summaries[node], content, class_="gs-span", name=self._group, open=is_first)

    def _summary(self, node: Node) -> Markup:
        span = node.span
        begin = 100 * (span.start_time_ns - self._begin) / self._whole
        width = 100 - begin if span.end_time_ns is None else 100 * (span.end_time_ns - span.start_time_ns) / self._whole
        style = f"--gs-from:{min(max(begin, 0), 100):.2f}%;--gs-width:{min(max(width, 0), 100):.2f}%"
        told = status(span)
        return element(
            "summary",
            element("span", class_="gs-twist", aria_hidden="true") if node.children and node.depth < _DEEPEST else None,
            element("span", _type(node), " ", class_="gs-icon"),
            element("span", span.name[:120], " ", class_="gs-name", dir="auto"),
            element("span", f"{told} ", class_="gs-status") if told else None,
            element("span", f"+{node.left_out:,} spans ", class_="gs-cut") if node.left_out else None,
            element("span", element("i", style=style), class_="gs-bar", aria_hidden="true"),
            element("span", lasted(span), class_="gs-time"),
            class_="gs-row",
            style=f"--gs-depth:{min(node.depth, 12)}",
            data_type=_type(node),
        )


def _type(node: Node) -> str:
    return type_of(node.span)[:40]
