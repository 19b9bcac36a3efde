"""A trace as a tree in the terminal: what ran, as what, how long, with how many tokens, on which model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rich.console import ConsoleOptions, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey, TraceTagKey
from genspan.mlflow.entities import Span, Trace
from genspan.mlflow.notebook import amounts
from genspan.mlflow.notebook.tree import Node, failed, planted, type_of
from genspan.semconv.encoding import decode

MOST_SPANS: Final = 10_000
"""Rows of one trace; of more, those that failed and those nearest to the root."""
_WIDE = 110
"""Columns from which on there is room for the timeline."""
_TIMELINE = 24
_GUIDES = ("   ", "│  ", "├─ ", "└─ ")
_ASCII_GUIDES = ("   ", "|  ", "|- ", "`- ")
_JUSTIFIED: tuple[JustifyMethod, ...] = ("left", "left", "right", "right", "left", "left", "left")
STATES: Final = {"OK": "green", "ERROR": "bold red", "IN_PROGRESS": "yellow"}
TYPES: Final = {"AGENT": "magenta", "CHAT_MODEL": "cyan", "LLM": "cyan", "TOOL": "yellow", "RETRIEVER": "blue"}


@dataclass(frozen=True, slots=True)
class Branch:
    """A span in its place: for each level above it whether more follows there, and whether more follows beside it."""

    node: Node
    levels: tuple[bool, ...]

    @property
    def span(self) -> Span:
        """The span."""
        return self.node.span


def rendered(trace: Trace, options: ConsoleOptions) -> RenderableType:
    """The trace: facts, previews, the tree, and the errors. `options` are those of the console to print on."""
    return Group(*_head(trace), Text(), _tree(trace, options), *_errors(trace.data.spans), Text())


def branches(spans: Sequence[Span]) -> list[Branch]:
    """The spans as they are printed, children below their parent, the earlier first."""
    found: list[Branch] = []
    pending = _beside(planted(spans, MOST_SPANS), ())
    while pending:
        branch = pending.pop()
        found.append(branch)
        pending += _beside(branch.node.children, branch.levels)
    return found


def _beside(nodes: Sequence[Node], above: tuple[bool, ...]) -> list[Branch]:
    """Branches of the same parent, the last one first: as a stack takes them."""
    return [Branch(node, (*above, node is not nodes[-1])) for node in reversed(nodes)]


def name_of(trace: Trace) -> str:
    """The name of a trace."""
    root = next((span for span in trace.data.spans if span.parent_id is None), None)
    return trace.info.tags.get(TraceTagKey.TRACE_NAME) or (root.name if root else "trace")


def lasted(trace: Trace) -> str:
    """How long the whole trace took; empty where that is not known."""
    milliseconds = trace.info.execution_duration
    return "" if milliseconds is None else amounts.duration(milliseconds * 1_000_000)


def usage_of(trace: Trace) -> str:
    """The tokens of a whole trace; empty where they are not known."""
    return amounts.tokens(_decoded(trace.info.trace_metadata.get(TraceMetadataKey.TOKEN_USAGE)))


def tokens_of(trace: Trace) -> str:
    """The tokens of a whole trace in few characters, `412 → 31`; empty where they are not known."""
    return usage_of(trace).partition(" tokens")[0]


def cost_of(trace: Trace) -> str:
    """The cost of a whole trace; empty where it is not known."""
    return amounts.cost(_decoded(trace.info.trace_metadata.get(TraceMetadataKey.COST)))


def started(trace: Trace) -> str:
    """When it began, by the clock of whoever looks."""
    return f"{datetime.fromtimestamp(trace.info.request_time / 1000).astimezone():%Y-%m-%d %H:%M:%S}"


def _decoded(text: str | None) -> Any:
    try:
        return decode(text or "null")
    except ValueError:
        return None


def _head(trace: Trace) -> Iterator[RenderableType]:
    info = trace.info
    state = info.state.value
    facts = [(state, STATES.get(state, "")), (lasted(trace), ""), (usage_of(trace), ""), (cost_of(trace), "")]
    told = [Text(text, style) for text, style in facts if text]
    yield Text("  ").join([Text(name_of(trace), "bold"), *told])
    yield Text(f"{info.trace_id}  {started(trace)}", "dim")
    lines = (
        ("Session", info.trace_metadata.get(TraceMetadataKey.TRACE_SESSION)),
        ("User", info.trace_metadata.get(TraceMetadataKey.TRACE_USER)),
        ("Request", info.request_preview),
        ("Response", info.response_preview),
    )
    for label, fact in lines:
        if fact:
            line = Text.assemble((f"{label:8}  ", "dim"), " ".join(fact.split()))
            line.no_wrap, line.overflow = True, "ellipsis"
            yield line


def _tree(trace: Trace, options: ConsoleOptions) -> RenderableType:
    spans = trace.data.spans
    if not spans:
        return Text("No spans are stored of this trace.", "dim")
    rows = [_row(branch, spans, options) for branch in branches(spans)]
    columns = [column for column in zip(_JUSTIFIED, *rows, strict=True) if any(column[1:])]
    table = Table.grid(padding=(0, 2, 0, 0))
    for index, (justify, *_) in enumerate(columns):
        # rich narrows columns that may wrap before the others: names give way first, cut off since their text may not.
        table.add_column(no_wrap=index > 0, justify=justify, overflow="ellipsis")
    for row in zip(*(cells for _, *cells in columns), strict=True):
        table.add_row(*row)
    return table


def _row(branch: Branch, spans: Sequence[Span], options: ConsoleOptions) -> tuple[Text, ...]:
    """Name, type, duration, tokens, model, timeline, failure."""
    span = branch.span
    is_failed = failed(span)
    guides, mark = (_ASCII_GUIDES, "=") if options.ascii_only else (_GUIDES, "━")
    more = f"  +{branch.node.left_out:,} spans" if branch.node.left_out else ""
    type = type_of(span)
    return (
        Text.assemble(
            (_guide(branch.levels, guides), "dim"), (span.name, "red" if is_failed else ""), (more, "dim"), no_wrap=True
        ),
        Text(type, TYPES.get(type, "dim")),
        Text(amounts.duration(None if span.end_time_ns is None else span.end_time_ns - span.start_time_ns)),
        Text(amounts.tokens(span.get_attribute(SpanAttributeKey.CHAT_USAGE)).replace(" tokens", "")),
        Text(str(span.model_name or "")),
        Text(_timeline(span, spans, mark) if options.max_width >= _WIDE else "", "dim"),
        Text("ERROR" if is_failed else "", "red"),
    )


def _guide(levels: tuple[bool, ...], guides: tuple[str, str, str, str]) -> str:
    blank, line, fork, end = guides
    *above, more = levels[1:] or (None,)
    if more is None:
        return ""
    return "".join(line if continues else blank for continues in above) + (fork if more else end)


def _timeline(span: Span, spans: Sequence[Span], mark: str) -> str:
    """When the span ran within the trace: a bar, at least one mark long."""
    begin = min(each.start_time_ns for each in spans)
    end = max(each.end_time_ns or each.start_time_ns for each in spans)
    scale = _TIMELINE / max(end - begin, 1)
    first = min(int((span.start_time_ns - begin) * scale), _TIMELINE - 1)
    last = round(((span.end_time_ns or end) - begin) * scale)
    return " " * first + mark * max(last - first, 1)


def _errors(spans: Sequence[Span]) -> Iterator[RenderableType]:
    fallen = [branch.span for branch in branches(spans) if failed(branch.span)]
    if fallen:
        yield Text()
    for span in fallen:
        yield Text.assemble((f"{span.name}: ", "red"), " ".join(_failure(span).split()))


def _failure(span: Span) -> str:
    """What failed: the last exception's type, and what its message or the span's status says."""
    description = span.status.description or ""
    for event in reversed(span.events):
        told = event.attributes
        if "exception.type" in told:
            type = str(told["exception.type"])
            is_told = description.startswith((type, type.rpartition(".")[2]))
            return description if is_told else f"{type}: {description or told.get('exception.message', '')}"
    return description or "failed"
